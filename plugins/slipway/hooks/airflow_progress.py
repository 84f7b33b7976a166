"""What Airflow's database says of runs that are under way, and of what they ask people.

For the API server's process alone. Each question is one look, however many DAGs it is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slipway.hooks.airflow_maintenance import MaintenanceBook
from slipway.hooks.airflow_reasons import why_failed
from slipway.hooks.airflow_waiting import further_columns, wait_facts
from slipway.model.board.waiting import WaitFacts
from slipway.model.maintenance import Maintenance

# States of a task that is at work, or waits in the middle of it; the first is the most telling.
_BEGUN = ("awaiting_input", "running", "deferred", "up_for_retry", "queued", "scheduled")
_AT_WORK = (*_BEGUN, "up_for_reschedule")
# Airflow's limit on what one question to its database may name.
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class RunUnderWay:
    """A run that has not ended.

    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param state: ``queued`` or ``running``.
    :param since: when it began, or was made; seconds since 1970.
    :param by: whoever started it; empty for the watcher.
    :param version: that it was started for, as its parameters say; empty where they do not.
    :param at: the time that it is set for, as they say; empty where they do not.
    :param step: the task that is at work, with its group; empty before the first.
    :param step_state: Airflow's word for it.
    :param step_since: when it began; 0 where it has not.
    :param facts: what says why it does not move; None where nobody has looked.
    """

    dag_id: str
    run_id: str
    state: str
    since: float
    by: str = ""
    version: str = ""
    at: str = ""
    step: str = ""
    step_state: str = ""
    step_since: float = 0.0
    facts: WaitFacts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenQuestion:
    """Something that a run asks people, and nobody has answered.

    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param task_id: the id of the task that asks.
    :param subject: the headline, as Airflow shows it.
    :param options: what may be answered.
    :param since: when it was asked; seconds since 1970.
    """

    dag_id: str
    run_id: str
    task_id: str
    subject: str
    options: tuple[str, ...]
    since: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskState:
    """How far one task of a run is.

    :param task_id: the task's id.
    :param state: Airflow's word; empty where it has not been looked at.
    :param began: seconds since 1970; 0 for not yet.
    :param ended: likewise.
    :param tries: how often it was tried.
    """

    task_id: str
    state: str = ""
    began: float = 0.0
    ended: float = 0.0
    tries: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """What is going on, by the ids of DAGs; runs in the order in which they were made."""

    runs: dict[str, list[RunUnderWay]] = field(default_factory=dict)
    questions: dict[str, list[OpenQuestion]] = field(default_factory=dict)


class Progress:
    """Looks at Airflow's database."""

    def live(self, dag_ids: Iterable[str]) -> Live:
        """Return the runs of some DAGs that have not ended, and what they ask.

        :param dag_ids: of DAGs.
        """
        from airflow.utils.session import create_session

        runs: dict[str, list[RunUnderWay]] = defaultdict(list)
        questions: dict[str, list[OpenQuestion]] = defaultdict(list)
        ids = sorted(set(dag_ids))
        with create_session() as session:
            for start in range(0, len(ids), _AT_ONCE):
                part = ids[start : start + _AT_ONCE]
                for run in _unfinished(session, part):
                    runs[run.dag_id].append(run)
                for one in _questions(session, part):
                    questions[one.dag_id].append(one)
        return Live(runs=runs, questions=questions)

    def state(self, dag_id: str, run_id: str) -> str:
        """Return Airflow's word for how far a run is; empty where there is no such run.

        :param dag_id: of the run.
        :param run_id: of the run.
        """
        from airflow.models.dagrun import DagRun
        from airflow.utils.session import create_session
        from sqlalchemy import select

        wanted = select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        with create_session() as session:
            return _word(session.scalar(wanted))

    def why(self, dag_id: str, run_id: str) -> str:
        """Return why a run failed, as the task that failed first said it; empty where none has.

        :param dag_id: of the run.
        :param run_id: of the run.
        """
        return why_failed(dag_id, run_id)

    def maintenance(self) -> Maintenance | None:
        """Return the maintenance that lets no run begin; None where runs begin."""
        return MaintenanceBook().current()

    def is_there(self, dag_id: str) -> bool:
        """Tell whether Airflow has a DAG now.

        :param dag_id: its id.
        """
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session

        with create_session() as session:
            found = session.get(DagModel, dag_id)
            return found is not None and not found.is_stale

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the tasks of a run in the order in which they began; none where there is no run.

        :param dag_id: of the run.
        :param run_id: of the run.
        """
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            rows = session.execute(
                select(
                    TaskInstance.task_id,
                    TaskInstance.state,
                    TaskInstance.start_date,
                    TaskInstance.end_date,
                    TaskInstance.try_number,
                ).where(
                    TaskInstance.dag_id == dag_id,
                    TaskInstance.run_id == run_id,
                    TaskInstance.map_index < 1,
                )
            ).all()
        found = [
            TaskState(
                task_id=row.task_id,
                state=_word(row.state),
                began=_seconds(row.start_date),
                ended=_seconds(row.end_date),
                tries=row.try_number,
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: (not one.began, one.began, one.task_id))


def _unfinished(session: Any, dag_ids: Sequence[str]) -> list[RunUnderWay]:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    rows = session.scalars(
        select(DagRun)
        .where(DagRun.dag_id.in_(dag_ids), DagRun.state.in_(("queued", "running")))
        .order_by(DagRun.id)
    ).all()
    at_work = _at_work(session, {row.dag_id for row in rows}) if rows else {}
    steps = {key: min(tasks, key=_telling) for key, tasks in at_work.items()}
    facts = wait_facts(session, rows, steps)
    return [_run(row, steps.get((row.dag_id, row.run_id)), facts) for row in rows]


def _run(row: Any, step: Any, facts: Mapping[tuple[str, str], WaitFacts]) -> RunUnderWay:
    return RunUnderWay(
        dag_id=row.dag_id,
        run_id=row.run_id,
        state=_word(row.state),
        since=_seconds(row.start_date or row.queued_at),
        by=row.triggering_user_name or "",
        version=str((row.conf or {}).get("version") or ""),
        at=str((row.conf or {}).get("at") or ""),
        step=step.task_id if step else "",
        step_state=_word(step.state) if step else "",
        step_since=_seconds(step.start_date) if step else 0.0,
        facts=facts.get((row.dag_id, row.run_id)),
    )


def _telling(task: Any) -> tuple[int, float]:
    """Put the task first that people should see: the one that waits for them, or began last."""
    return _AT_WORK.index(_word(task.state)), -_seconds(task.start_date)


def _at_work(session: Any, dag_ids: Iterable[str]) -> dict[tuple[str, str], list[Any]]:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    rows = session.execute(
        select(
            TaskInstance.dag_id,
            TaskInstance.run_id,
            TaskInstance.task_id,
            TaskInstance.state,
            TaskInstance.start_date,
            *further_columns(),
        ).where(TaskInstance.dag_id.in_(list(dag_ids)), TaskInstance.state.in_(_AT_WORK))
    ).all()
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        found[row.dag_id, row.run_id].append(row)
    return found


def _questions(session: Any, dag_ids: Sequence[str]) -> list[OpenQuestion]:
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    rows = session.execute(
        select(
            TaskInstance.dag_id,
            TaskInstance.run_id,
            TaskInstance.task_id,
            HITLDetail.subject,
            HITLDetail.options,
            HITLDetail.created_at,
        )
        .join(TaskInstance, HITLDetail.ti_id == TaskInstance.id)
        .where(
            TaskInstance.dag_id.in_(dag_ids),
            TaskInstance.state.in_(("awaiting_input", "deferred")),
            HITLDetail.responded_at.is_(None),
        )
        .order_by(HITLDetail.created_at)
    ).all()
    return [
        OpenQuestion(
            dag_id=row.dag_id,
            run_id=row.run_id,
            task_id=row.task_id,
            subject=row.subject,
            options=tuple(row.options or ()),
            since=_seconds(row.created_at),
        )
        for row in rows
    ]


def _seconds(when: datetime | None) -> float:
    return when.timestamp() if when else 0.0


def _word(state: Any) -> str:
    return str(getattr(state, "value", state) or "")
