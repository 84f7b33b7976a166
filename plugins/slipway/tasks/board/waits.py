"""What runs wait for, for the board and for ``fab status``."""

from __future__ import annotations

from slipway.hooks.airflow_progress import RunUnderWay
from slipway.model.board.waiting import WaitingRun
from slipway.policies.waiting import run_name, waiting


def waiting_run(run: RunUnderWay) -> WaitingRun | None:
    """Return a run with what it waits for; None where it goes on, or nobody has looked.

    :param run: that has not ended.
    """
    waits = waiting(run.facts) if run.facts is not None else None
    if waits is None:
        return None
    return WaitingRun(dag_id=run.dag_id, name=run_name(run.run_id), waits=waits, at=run.at)
