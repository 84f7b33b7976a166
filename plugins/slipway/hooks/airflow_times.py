"""The times of runs and their tasks, as Airflow's database keeps them.

For the API server's process, and for a shell on its machine. Airflow keeps them until somebody
clears its database of old runs (``airflow db clean``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from slipway.model.board.timings import RunTime, StepTime


class PastRuns:
    """Looks at Airflow's database."""

    def last(self, dag_id: str, most: int) -> list[RunTime]:
        """Return the last runs of a DAG that have ended, the newest first.

        :param dag_id: its id.
        :param most: how many.
        """
        from airflow.models.dagrun import DagRun
        from airflow.utils.session import create_session
        from sqlalchemy import select

        wanted = (
            select(DagRun)
            .where(DagRun.dag_id == dag_id, DagRun.state.in_(("success", "failed")))
            .order_by(DagRun.id.desc())
            .limit(most)
        )
        with create_session() as session:
            return _timed(session, session.scalars(wanted).all())

    def named(self, run_id: str) -> list[RunTime]:
        """Return the runs of an id, of whatever DAG, the newest first; the id's beginning does.

        :param run_id: ``commit__3f2a1b7``, say.
        """
        from airflow.models.dagrun import DagRun
        from airflow.utils.session import create_session
        from sqlalchemy import select

        wanted = (
            select(DagRun)
            .where(DagRun.run_id.startswith(run_id, autoescape=True))
            .order_by(DagRun.id.desc())
            .limit(20)
        )
        with create_session() as session:
            return _timed(session, session.scalars(wanted).all())


def _timed(session: Any, runs: Sequence[Any]) -> list[RunTime]:
    steps = _steps(session, runs) if runs else {}
    return [
        RunTime(
            dag_id=run.dag_id,
            run_id=run.run_id,
            state=_word(run.state),
            asked=_seconds(run.queued_at or run.start_date),
            steps=tuple(steps.get((run.dag_id, run.run_id), ())),
        )
        for run in runs
    ]


def _steps(session: Any, runs: Iterable[Any]) -> dict[tuple[str, str], list[StepTime]]:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select, tuple_

    keys = [(run.dag_id, run.run_id) for run in runs]
    rows = session.execute(
        select(
            TaskInstance.dag_id,
            TaskInstance.run_id,
            TaskInstance.task_id,
            TaskInstance.state,
            TaskInstance.start_date,
            TaskInstance.end_date,
            TaskInstance.try_number,
        ).where(
            tuple_(TaskInstance.dag_id, TaskInstance.run_id).in_(keys), TaskInstance.map_index < 1
        )
    ).all()
    found: dict[tuple[str, str], list[StepTime]] = defaultdict(list)
    for row in rows:
        found[row.dag_id, row.run_id].append(
            StepTime(
                task_id=row.task_id,
                state=_word(row.state),
                began=_seconds(row.start_date),
                ended=_seconds(row.end_date),
                tries=row.try_number,
            )
        )
    return found


def _seconds(when: Any) -> float:
    return when.timestamp() if when else 0.0


def _word(state: Any) -> str:
    return str(getattr(state, "value", state) or "")
