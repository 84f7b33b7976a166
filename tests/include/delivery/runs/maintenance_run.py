"""Runs a DAG in Airflow itself that begins during maintenance, and notes what became of it.

A program of its own, since it needs a database of its own: ``AIRFLOW_HOME`` says where. The one
argument is the file for the outcome, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

from airflow.models.taskinstance import TaskInstance
from airflow.models.taskreschedule import TaskReschedule
from airflow.sdk import DAG, BaseOperator
from airflow.utils.session import create_session
from sqlalchemy import func, select

from include.delivery.defaults import RETRIES
from slipway.hooks.airflow_maintenance import MaintenanceBook
from slipway.tasks import maintenance

# So often a task has looked and gone again when the maintenance ends.
WAITS = 2


class NoteOperator(BaseOperator):
    """Notes when it worked."""

    def execute(self, context: Any) -> float:
        """Return the time."""
        return time.time()


def make_dag() -> DAG:
    """Return a DAG of two tasks, which begin as all of Slipway's do."""
    with DAG(dag_id="maintained", schedule=None, default_args=RETRIES) as dag:
        NoteOperator(task_id="first") >> NoteOperator(task_id="second")
    return dag


def main(told: Path) -> None:
    """Run it."""
    maintenance.AGAIN = 2
    dag = make_dag()
    MaintenanceBook().begin(by="ann", why="a new disk")
    ended: list[float] = []
    ending = Thread(target=_end_it, args=(ended,), daemon=True)
    ending.start()
    run = dag.test()
    ending.join()
    with create_session(scoped=False) as session:
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run.run_id)).all()
        seen = {
            one.task_id: {
                "state": one.state,
                "tries": one.try_number,
                "at": one.xcom_pull(one.task_id),
            }
            for one in tasks
        }
    told.write_text(json.dumps({"run": run.state, "tasks": seen, "ended": ended[0]}))


def _end_it(ended: list[float]) -> None:
    """End the maintenance once a task has waited for it."""
    waits = 0
    while waits < WAITS:
        time.sleep(0.5)
        with create_session(scoped=False) as session:
            waits = session.scalar(select(func.count()).select_from(TaskReschedule)) or 0
    ended.append(time.time())
    MaintenanceBook().end()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
