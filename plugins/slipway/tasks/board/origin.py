"""From where a run was started, as far as the run tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.hooks.store.heads import RUN_OF
from slipway.model.board.deployment import BOARD_RUN, SHELL_RUN, Origin

if TYPE_CHECKING:
    from airflow.sdk import Context

_BEGINNINGS = {RUN_OF: Origin.COMMIT, SHELL_RUN: Origin.SHELL, BOARD_RUN: Origin.BOARD}
_TYPES = {
    "operator_triggered": Origin.COMMIT,
    "scheduled": Origin.CLOCK,
    "backfill": Origin.CLOCK,
    "manual": Origin.HAND,
}


def origin_of(context: Context) -> Origin:
    """Say from where a task's run was started.

    :param context: the task's.
    """
    run, ti = context.get("dag_run"), context.get("ti")
    run_id, kind = str(getattr(ti, "run_id", "")), getattr(run, "run_type", "")
    found = _TYPES.get(str(getattr(kind, "value", kind)), Origin.UNKNOWN)
    if found is not Origin.HAND:
        return found
    return next((one for start, one in _BEGINNINGS.items() if run_id.startswith(start)), found)
