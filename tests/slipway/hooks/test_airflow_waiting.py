"""Why runs do not move, as Airflow's own database says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk import DAG

from slipway.hooks.airflow_progress import Progress
from slipway.hooks.airflow_runs import AirflowRuns
from slipway.model.board.waiting import Reason
from slipway.model.git.repository import Repository
from slipway.operators.checkout import CheckoutOperator
from slipway.policies.waiting import for_another_deployment, waiting
from tests.fakes.airflow_database import airflow_database, store_dag

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = (f"commit__{digit * 40}" for digit in "123")


@pytest.fixture(autouse=True)
def database() -> Iterator[None]:
    with airflow_database():
        for name in ("shop", "docs"):
            with DAG(dag_id=name, schedule=None, max_active_runs=1) as dag:
                CheckoutOperator(
                    task_id="checkout",
                    project=name,
                    repository=Repository(url=f"https://git.example.com/{name}.git"),
                    ref="main",
                    branch="main",
                )
            store_dag(dag)
        yield


def begun(dag_id: str, run_id: str, state: str, **fields: Any) -> None:
    """Make a run whose task is in a state."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    assert AirflowRuns().start(dag_id, run_id, {})
    with create_session() as session:
        own = (DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        run = session.scalars(select(DagRun).where(*own)).one()
        run.state, run.start_date = "running", NOON
        its = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
        task = session.scalars(select(TaskInstance).where(*its)).one()
        task.state, task.pool = state, fields.pop("pool", "default_pool")
        for name, value in fields.items():
            setattr(task, name, value)


def pool(name: str, slots: int, *, include_deferred: bool = False) -> None:
    from airflow.models.pool import Pool

    Pool.create_or_update_pool(
        name=name, slots=slots, description="", include_deferred=include_deferred
    )


def said(dag_id: str, run_id: str, value: Any) -> None:
    """Let a task say something, as the API that tasks speak to stores it."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    with create_session() as session:
        XComModel.set(
            key="waits",
            value=value,
            dag_id=dag_id,
            run_id=run_id,
            task_id="checkout",
            session=session,
        )


def waits(dag_id: str = "shop") -> dict[str, tuple[Reason, str, float]]:
    live = Progress().live([dag_id])
    found = {run.run_id: waiting(run.facts) for run in live.runs[dag_id] if run.facts}
    return {key: (one.reason, one.words, one.since) for key, one in found.items() if one}


def test_a_full_pool_is_named_with_whoever_has_its_slots() -> None:
    pool("builds", 1)
    begun("docs", SECOND, "running", pool="builds", start_date=NOON)
    begun("shop", FIRST, "scheduled", pool="builds", scheduled_dttm=NOON)
    words = "for a slot of the pool builds, 1 of 1 taken by docs 2222222"
    assert waits() == {FIRST: (Reason.POOL, words, NOON.timestamp())}


def test_what_is_deferred_has_no_slot_unless_the_pool_says_so() -> None:
    pool("builds", 1)
    begun("docs", SECOND, "deferred", pool="builds")
    begun("shop", FIRST, "scheduled", pool="builds", scheduled_dttm=NOON)
    assert waits()[FIRST][0] is Reason.LIMIT
    pool("builds", 1, include_deferred=True)
    assert waits()[FIRST][0] is Reason.POOL


def test_a_pool_that_is_not_there_is_said() -> None:
    begun("shop", FIRST, "scheduled", pool="bilds", scheduled_dttm=NOON)
    assert waits()[FIRST][:2] == (Reason.NO_POOL, "for the pool bilds, which is not there")


def test_commits_wait_for_those_before_them() -> None:
    begun("shop", FIRST, "running")
    for run_id in (SECOND, THIRD):
        AirflowRuns().start("shop", run_id, {})
    found = waits()
    assert found[SECOND][1] == "for its turn behind 1111111"
    assert found[THIRD][1] == "for its turn behind 1111111 and 2222222"


def test_a_paused_project_is_said() -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    AirflowRuns().start("shop", FIRST, {})
    with create_session() as session:
        session.get_one(DagModel, "shop").is_paused = True
    assert waits()[FIRST][0] is Reason.PAUSED


def test_a_task_says_itself_which_deployment_it_waits_for() -> None:
    begun("shop", FIRST, "deferred")
    said("shop", FIRST, for_another_deployment("ada is at it", 7.0).to_json())
    words = "for another deployment: ada is at it"
    assert waits() == {FIRST: (Reason.DEPLOYMENT, words, 7.0)}


@pytest.mark.parametrize("value", [{}, None, "words", [1], {"reason": "magic"}, {"words": "x"}])
def test_what_somebody_made_of_it_by_hand_is_passed_over(value: Any) -> None:
    begun("shop", FIRST, "running")
    said("shop", FIRST, value)
    assert waits() == {}


def test_a_run_of_the_same_name_in_another_project_is_another() -> None:
    begun("docs", FIRST, "running")
    begun("shop", FIRST, "running")
    said("docs", FIRST, for_another_deployment("ada", 7.0).to_json())
    assert waits("shop") == {}
    assert list(waits("docs")) == [FIRST]
