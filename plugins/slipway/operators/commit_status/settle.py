"""Puts statuses right that nobody ended, and tells what keeps others from being sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import ForgeRefused
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.model.forge.status import StatusState
from slipway.operators.trouble import own_trouble
from slipway.policies.commit_status import ending
from slipway.tasks.making_way.closing import why_stopped
from slipway.tasks.statuses.reports import ended

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.forge.status import StatusNote

# Seconds that a stage may be in progress before anybody asks whether it still is, and after which
# nobody asks any more.
_YOUNG, _OLD = 120.0, 30 * 86400.0
_ALIVE = ["queued", "running"]


class SettleStatusesOperator(BaseOperator):
    """End the statuses that a killed run left in progress, and tell what keeps others from going.

    :param clock: the time, seconds since 1970.
    :returns: how many were ended.

    Example::

        SettleStatusesOperator(task_id="settle_statuses")
    """

    ui_color = "#fde68a"

    def __init__(self, *, clock: Callable[[], float] = time.time, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clock = clock

    def execute(self, context: Context) -> int:
        """Look at what is open.

        :raises AirflowFailException: when a project's statuses are refused, with the reason.
        """
        notes = StatusNotes(artifact_store())
        refuse = self.log.warning
        # What has been said and not yet sent counts as said.
        said = {note.subject for _, note in notes.waiting(refuse)}
        known = [note for _, note in notes.open(refuse) if note.subject not in said]
        settled = sum(self._settle(notes, note, context["ti"]) for note in known)
        with own_trouble(context):
            if trouble := notes.trouble():
                msg = "\n".join(f"{name}: {words}" for name, words in sorted(trouble.items()))
                advice = "statuses are sent again with the next commit; deliveries are not touched"
                raise ForgeRefused(msg, advice=advice)
        return settled

    def _settle(self, notes: StatusNotes, note: StatusNote, ti: Any) -> bool:
        age = self.clock() - note.at / 1e9
        if age < _YOUNG:
            return False
        if age > _OLD:
            notes.close(note)
            return False
        runs = {"dag_id": note.dag_id, "run_ids": [note.run_id]}
        states = ti.get_task_states(**runs).get(note.run_id, {})
        over = ti.get_dr_count(**runs, states=_ALIVE) == 0
        found = ending(states, note.tasks, note.last, run_is_over=over)
        if found is None:
            return False
        state, text = found
        if state is StatusState.STOPPED:
            text = why_stopped(note.dag_id, note.run_id) or text
        self.log.info("%s of %s: %s", note.status.key, note.status.sha[:7], text)
        notes.add(ended(note, state, text))
        return True
