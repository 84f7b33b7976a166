"""Sends the news that tasks leave."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.operators.commit_status.send import SHIFT
from slipway.triggers.news import NewsTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context


class SendNewsOperator(BaseOperator):
    """Send the news that tasks leave, from the triggerer; no worker waits.

    Example::

        SendNewsOperator(task_id="send_news")
    """

    ui_color = "#e0f2fe"

    def execute(self, context: Context) -> None:
        """Hand over to the triggerer for an hour."""
        self.defer(
            trigger=NewsTrigger(until=time.time() + SHIFT.total_seconds()),
            method_name="execute_complete",
            timeout=2 * SHIFT,
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """End; the DAG begins anew."""
