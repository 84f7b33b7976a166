"""What Airflow's server knows, and that it takes each run once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from airflow.sdk import DAG
from sqlalchemy.exc import IntegrityError

from slipway.hooks.airflow_runs import AirflowRuns, KnownRepository
from slipway.model.git.repository import Repository
from slipway.operators.checkout import CheckoutOperator
from tests.fakes.airflow_database import airflow_database, runs_of, store_dag

RUN = f"commit__{'a' * 40}"


@pytest.fixture(autouse=True, scope="module")
def database() -> Iterator[None]:
    with airflow_database():
        yield


def _dag(name: str, *, branch: str = "main", webhook: str | None = "shop_webhook") -> DAG:
    with DAG(dag_id=name, schedule=None) as dag:
        CheckoutOperator(
            task_id="checkout",
            project=name,
            repository=Repository(url=f"https://git.example.com/{name}.git", connection="shop_git"),
            ref="main",
            branch=branch,
            webhook=webhook,
        )
    return dag


def test_a_projects_repository_is_known_from_its_dag() -> None:
    store_dag(_dag("shop"))
    assert AirflowRuns().repository("shop") == KnownRepository(
        url="https://git.example.com/shop.git",
        branch="main",
        connection="shop_git",
        webhook="shop_webhook",
    )


def test_templates_in_a_branchs_name_are_text() -> None:
    store_dag(_dag("braces", branch="{{7-7}}", webhook=None))
    known = AirflowRuns().repository("braces")
    assert known is not None
    assert (known.branch, known.webhook) == ("{{7-7}}", None)


def test_what_is_no_project_has_no_repository() -> None:
    with DAG(dag_id="other", schedule=None) as other:
        pass
    store_dag(other)
    for name in ("other", "absent", "", "x" * 500):
        assert AirflowRuns().repository(name) is None


def _mark(name: str, **state: bool) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        for field, value in state.items():
            setattr(session.get_one(DagModel, name), field, value)


def test_a_dag_that_is_gone_has_no_repository() -> None:
    store_dag(_dag("gone"))
    _mark("gone", is_stale=True)
    assert AirflowRuns().repository("gone") is None


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_dag_that_cannot_be_read_for_a_while_keeps_its_repository(is_stale: bool) -> None:
    name = f"broken-{is_stale}".lower()
    store_dag(_dag(name))
    before = AirflowRuns().repository(name)
    assert before is not None
    assert not before.is_broken
    _mark(name, has_import_errors=True, is_stale=is_stale)
    assert AirflowRuns().repository(name) == replace(before, is_broken=True)


def test_a_run_is_made_once_also_by_two_at_the_same_time() -> None:
    store_dag(_dag("once"))
    start = threading.Barrier(4)
    made: list[bool] = []

    def one() -> None:
        start.wait()
        made.append(AirflowRuns().start("once", RUN, {"ref": "a" * 40}))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]
    assert runs_of("once") == {RUN: {"ref": "a" * 40}}


def test_a_database_that_refuses_a_run_for_another_reason_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.api.common import trigger_dag

    store_dag(_dag("refused"))

    def refuse(**_: object) -> None:
        statement = "insert"
        raise IntegrityError(statement, {}, ValueError("not null"))

    monkeypatch.setattr(trigger_dag, "trigger_dag", refuse)
    with pytest.raises(IntegrityError):
        AirflowRuns().start("refused", RUN, {})


def test_a_pause_is_seen() -> None:
    store_dag(_dag("goes"))
    store_dag(_dag("rests"), paused=True)
    runs = AirflowRuns()
    assert [runs.is_paused(name) for name in ("goes", "rests", "absent")] == [False, True, True]
