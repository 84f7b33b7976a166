"""Maintenance, as Airflow's database knows it: whether it is, and what has still to end.

For a process that has the way to the database, like :mod:`slipway.hooks.airflow_runs`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway.model.maintenance import GO_ON, VARIABLE, Maintenance

# A deployment that is set for a time (`slipway.tasks.at_a_time`) may wait for days.
_WAITS_FOR_TIME = "wait_for_time"
# Of tasks that nobody works on: they wait for a person, for their time, or for the end of the
# maintenance.
_PARKED = frozenset({"awaiting_input", "up_for_reschedule", _WAITS_FOR_TIME})
_AT_WORK = frozenset({"scheduled", "queued", "running", "restarting", "deferred", "up_for_retry"})


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldUp:
    """What there is of runs while no new one begins.

    :param ending: that had begun, and have not come to where they end or wait.
    :param asking: that had begun, and wait for a person, or for the time that they are set for.
    :param waiting: how many begin afterwards.
    """

    ending: tuple[str, ...]
    asking: tuple[str, ...]
    waiting: int


class MaintenanceBook:
    """Begins it, ends it, and tells of it."""

    def current(self) -> Maintenance | None:
        """Return what holds now, or None."""
        from airflow.models.variable import Variable

        told = Variable.get(VARIABLE, default_var=None)
        return Maintenance.read(told) if told else None

    def begin(self, *, by: str, why: str) -> Maintenance:
        """Let no new run begin; where that holds already, it goes on as it is.

        :param by: who wants it.
        :param why: for whoever is held up.
        """
        from airflow.models.variable import Variable

        if there := self.current():
            return there
        made = Maintenance(by=by, at=datetime.now(UTC).timestamp(), why=why)
        about = "No run of Slipway's begins as long as this is here (docs/stack.md)"
        Variable.set(VARIABLE, json.dumps(made.to_json()), description=about)
        return made

    def end(self, *, by: str = "") -> bool:
        """Let runs begin again.

        :param by: only where this one wanted it; whoever did, if empty.
        :returns: whether anything was held up by it.
        """
        from airflow.models.variable import Variable

        there = self.current()
        if there is None or by not in ("", there.by):
            return False
        return bool(Variable.delete(VARIABLE))

    def held_up(self, maintenance: Maintenance) -> HeldUp:
        """Return what has still to end, and what waits.

        :param maintenance: what holds now.
        """
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            unfinished: Any = session.scalars(
                select(DagRun).where(
                    DagRun.state.in_(("queued", "running")), DagRun.dag_id.not_in(GO_ON)
                )
            ).all()
            states: dict[tuple[str, str], set[str]] = {}
            wanted = select(
                TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, TaskInstance.state
            )
            begun = [one for one in unfinished if _began_before(one, maintenance)]
            for dag_id, run_id, task_id, state in session.execute(
                wanted.where(TaskInstance.run_id.in_([one.run_id for one in begun]))
            ):
                states.setdefault((dag_id, run_id), set()).add(_state(task_id, str(state)))
            parked = [one for one in begun if _is_parked(states.get((one.dag_id, one.run_id)))]
            return HeldUp(
                ending=tuple(_name(one) for one in begun if one not in parked),
                asking=tuple(_name(one) for one in parked),
                waiting=len(unfinished) - len(begun),
            )


def _began_before(run: Any, maintenance: Maintenance) -> bool:
    return run.state == "running" and not maintenance.holds(run.dag_id, run.start_date.timestamp())


def _state(task_id: str, state: str) -> str:
    parked = task_id == _WAITS_FOR_TIME and state == "deferred"
    return _WAITS_FOR_TIME if parked else state


def _is_parked(states: set[str] | None) -> bool:
    return states is not None and not states & _AT_WORK and bool(states & _PARKED)


def _name(run: Any) -> str:
    return f"{run.dag_id} {run.run_id}"
