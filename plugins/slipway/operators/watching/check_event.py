"""Ends the run of a tag at its release: what is deployed by itself is the delivered branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.model.event import EventKind
from slipway.tasks.kept_facts import run_facts
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckEventOperator(BaseOperator):
    """Skip what follows in a run that the watcher made of a tag.

    The tag's commit is on its way by itself, as a commit of the branch; deployed by the tag as
    well, it would be deployed twice, or after a newer one. Whoever starts a run by hand means what
    they say, also of a tag.

    Example::

        check = CheckEventOperator(task_id="check_event")
    """

    ui_color = "#e0f2fe"

    def execute(self, context: Context) -> None:
        """Ask what the run was made for.

        :raises AirflowSkipException: where that was a tag.
        """
        with no_retry_on_input_error():
            facts = run_facts(context)
            said = facts.announced() if facts is not None else None
        if said is not None and said.event.kind is EventKind.TAG:
            msg = "a tag's run ends with its release, which can be deployed by hand"
            raise AirflowSkipException(msg)
