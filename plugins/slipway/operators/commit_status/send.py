"""Sends the statuses that tasks leave."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.triggers.statuses import StatusTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

# How long the sender goes on before its task ends and the next one begins.
SHIFT = timedelta(hours=1)


class SendStatusesOperator(BaseOperator):
    """Send the statuses that tasks leave, from the triggerer; no worker waits.

    Example::

        SendStatusesOperator(task_id="send_statuses")
    """

    ui_color = "#e0f2fe"

    def execute(self, context: Context) -> None:
        """Hand over to the triggerer for an hour."""
        self.defer(
            trigger=StatusTrigger(until=time.time() + SHIFT.total_seconds()),
            method_name="execute_complete",
            timeout=2 * SHIFT,
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """End; the DAG begins anew."""
