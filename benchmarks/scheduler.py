"""``python -m benchmarks.scheduler``: what the scheduler's loop costs for each run.

Airflow's own scheduler, in this process, takes runs of copies of the guestbook's commit DAG from
their first task to their last. Its executor hands every task back as done, so what is measured is
the loop alone: seconds of CPU, and statements that it sends to the database (SQLite's, in memory of
this machine).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.bench.figure import record


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-scheduler-") as name:
        # Before anything imports Airflow: it reads its configuration on import.
        os.environ |= _settings(Path(name))
        from tests.fakes.airflow_database import airflow_database

        with airflow_database():
            _fill(given.runs)
            tasks, seconds, statements = _schedule()
    size = (given.runs, "runs")
    record("the scheduler's loop for each run, CPU", [seconds / given.runs], size=size)
    record("for each task, CPU", [1000 * seconds / tasks], unit="ms", size=size)
    record("statements for each run", [statements / given.runs], unit="statements", size=size)
    record("tasks of each run", [tasks / given.runs], unit="tasks", size=size)


def _settings(home: Path) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "10000",
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "100",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "_AIRFLOW_PROCESS_CONTEXT": "server",
    }


def _fill(runs: int) -> None:
    """Make a project for each run, and the run."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    from include.delivery.commit_dag import build
    from include.project.loader import PROJECTS, load_project
    from slipway.hooks.airflow_runs import AirflowRuns
    from tests.fakes.airflow_database import store_dag

    guestbook = load_project(PROJECTS / "guestbook.yaml")
    with create_session() as session:
        pool = Pool(pool="default_pool", slots=10000, include_deferred=False, description="")
        session.add(pool)
    for number in range(runs):
        project = guestbook.model_copy(update={"name": f"p{number:04d}"})
        store_dag(build(project, project.name))
        AirflowRuns().start(project.name, f"commit__{'1' * 40}", {})


def _schedule() -> tuple[int, float, int]:
    """Run the loop until all runs have ended.

    :returns: tasks, seconds of CPU, statements.
    """
    from airflow import settings
    from airflow.executors.base_executor import BaseExecutor
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.session import create_session
    from sqlalchemy import event

    class Taker(BaseExecutor):
        """Takes every task, and runs none."""

        def queue_workload(self, workload: Any, session: Any) -> None:
            """Take it."""

        def sync(self) -> None:
            """Have nothing to tell."""

    sent = [0]

    def count(*_: Any) -> None:
        sent[0] += 1

    runner = SchedulerJobRunner(job=Job(), executors=[Taker(parallelism=10000)])
    event.listen(settings.engine, "before_cursor_execute", count)
    tasks = statements = 0
    seconds = 0.0
    while True:
        before, began = sent[0], time.process_time()
        with create_session() as session:
            runner._do_scheduling(session)
        seconds += time.process_time() - began
        statements += sent[0] - before
        done, left = _finish()
        tasks += done
        if not left:
            return tasks, seconds, statements


def _finish() -> tuple[int, int]:
    """Let every task that was begun succeed; returns how many, and how many runs are left."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import func, select, update

    with create_session() as session:
        ended: Any = session.execute(
            update(TaskInstance)
            .where(TaskInstance.state == "queued")
            .values(state="success", start_date=func.now(), end_date=func.now())
        )
        going_on = DagRun.state.in_(("queued", "running"))
        left = session.scalar(select(func.count()).select_from(DagRun).where(going_on))
        return int(ended.rowcount), int(left or 0)


if __name__ == "__main__":
    main()
