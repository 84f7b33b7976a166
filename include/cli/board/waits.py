"""What runs wait for just now, as Airflow's database says; nothing where there is no way to it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from slipway.hooks.airflow_progress import Progress
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot
from slipway.model.board.waiting import Waiting
from slipway.policies.waiting import run_name, waiting

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRun:
    """A run that does not move.

    :param dag_id: the DAG's id.
    :param name: for people.
    :param waits: for what.
    """

    dag_id: str
    name: str
    waits: Waiting


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
    found = []
    for runs in live.runs.values():
        for run in runs:
            waits = waiting(run.facts) if run.facts is not None else None
            if waits is not None:
                name = run_name(run.run_id)
                found.append(WaitingRun(dag_id=run.dag_id, name=name, waits=waits))
    return found


def dags_of(one: EnvironmentSnapshot) -> list[str]:
    """Return the DAGs that may be at work on an environment.

    :param one: the environment.
    """
    own = f"{one.project}.{one.environment}"
    return [own, *([one.project] if one.continuous else [])]
