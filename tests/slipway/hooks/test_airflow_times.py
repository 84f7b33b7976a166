"""The times of runs, out of Airflow's own database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.delivery.environment_dag import environment_dag
from include.project.loader import PROJECTS, load_project
from slipway.hooks.airflow_orders import Orders
from slipway.hooks.airflow_people import Person
from slipway.hooks.airflow_times import PastRuns
from slipway.model.board.timings import waterfall
from tests.fakes.airflow_database import airflow_database, store_dag

DAG = "timed.prod"
ASKED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    """Airflow's database."""
    with airflow_database():
        yield


@pytest.fixture
def run_id(artifacts: Path) -> Iterator[str]:
    """A run that was asked for at noon, whose first task began a second later and took three."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import delete, select

    project = load_project(PROJECTS / "guestbook.yaml").model_copy(update={"name": "timed"})
    store_dag(environment_dag(project, "prod"))
    who = SimpleAuthManagerUser(username="ann", role="USER")
    ann = Person(id="ann", name="ann", user=who)
    Orders().start(ann, DAG, "commit__50_off", {"version": "1.0"})
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == DAG)).one()
        run.state, run.queued_at = "success", ASKED
        tasks = session.scalars(select(TaskInstance).where(TaskInstance.dag_id == DAG))
        task = next(one for one in tasks if one.task_id == "choose_release")
        task.state, task.try_number = "success", 2
        task.start_date = ASKED + timedelta(seconds=1)
        task.end_date = ASKED + timedelta(seconds=4)
    yield "commit__50_off"
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == DAG))


def test_a_run_has_the_times_of_its_tasks(run_id: str) -> None:
    [run] = PastRuns().last(DAG, 5)
    assert (run.run_id, run.state, run.asked) == (run_id, "success", ASKED.timestamp())
    [bar] = waterfall(run).bars
    assert (bar.task_id, bar.begin, bar.seconds, bar.tries) == ("choose_release", 1, 3, 2)


@pytest.mark.parametrize(
    ("word", "found"), [("commit__50_", 1), ("commit__5", 1), ("c_mmit", 0), ("%", 0)]
)
def test_a_run_is_found_by_how_its_id_begins(run_id: str, word: str, found: int) -> None:
    assert len(PastRuns().named(word)) == found


def test_a_dag_of_no_runs_has_none() -> None:
    assert PastRuns().last("nothing", 5) == []
