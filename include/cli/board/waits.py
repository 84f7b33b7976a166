"""What runs wait for just now, as Airflow's database says; nothing where there is no way to it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from slipway.hooks.airflow_progress import Progress
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot
from slipway.model.board.waiting import WaitingRun
from slipway.tasks.board.waits import waiting_run

_log = logging.getLogger(__name__)


def waiting_runs(projects: Iterable[ProjectSnapshot]) -> list[WaitingRun]:
    """Return the runs of projects that wait, in the order in which they were made.

    :param projects: as they were seen last.
    """
    ids = [dag_id for one in projects for place in one.environments for dag_id in dags_of(place)]
    try:
        live = Progress().live(ids)
    except Exception as error:
        # A shell far from Airflow's database reads the artifact store all the same.
        _log.debug("what runs wait for is not known here: %s", error)
        return []
    found = (waiting_run(run) for runs in live.runs.values() for run in runs)
    return [one for one in found if one is not None]


def dags_of(one: EnvironmentSnapshot) -> list[str]:
    """Return the DAGs that may be at work on an environment.

    :param one: the environment.
    """
    own = f"{one.project}.{one.environment}"
    return [own, *([one.project] if one.continuous else [])]
