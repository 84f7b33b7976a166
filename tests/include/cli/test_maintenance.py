"""Maintenance is begun, told of and ended by whoever keeps Airflow running."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator

from include.cli import maintenance
from slipway.hooks.airflow_maintenance import MaintenanceBook
from slipway.hooks.airflow_runs import AirflowRuns
from tests.fakes.airflow_database import airflow_database, store_dag


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    with airflow_database():
        for name in ("shop", "shop.prod", "commits"):
            with DAG(dag_id=name, schedule=None) as dag:
                BaseOperator(task_id="first")
            store_dag(dag)
        yield


@pytest.fixture(autouse=True)
def _clean(database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(maintenance, "_PAUSE", 0.1)
    yield
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    MaintenanceBook().end()
    with create_session() as session:
        session.execute(delete(DagRun))


def _run(
    dag_id: str, run_id: str, state: str, *, since: timedelta, task: str | None, name: str = "first"
) -> None:
    """Put a run into the database, as it stands some time before or after now."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    assert AirflowRuns().start(dag_id, run_id, {})
    with create_session() as session:
        run: Any = session.scalars(
            select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        ).one()
        run.state = state
        run.start_date = datetime.now(UTC) + since if state == "running" else None
        for one in session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id)):
            one.state, one.task_id = task, name


def _said(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    return maintenance.main(list(arguments), out), out.getvalue()


EARLIER, LATER = timedelta(minutes=-5), timedelta(minutes=5)


def test_without_a_run_it_is_safe_at_once() -> None:
    code, said = _said("on", "--why", "a new disk", "--by", "ann", "--wait", "1")
    assert code == 0
    assert "by ann: a new disk\n" in said
    assert said.endswith("it is safe: nothing runs\n")


def test_what_had_begun_is_waited_for_and_named() -> None:
    _run("shop", "commit__1", "running", since=EARLIER, task="running")
    code, said = _said("on", "--why", "a new disk", "--by", "ann", "--wait", "0.1")
    assert code == maintenance.NOT_YET
    assert "still running: shop commit__1\n" in said
    assert "not yet safe" in said


def test_what_comes_meanwhile_is_counted_and_holds_nothing_up() -> None:
    _said("on", "--why", "a new disk", "--by", "ann")
    _run("shop", "commit__2", "queued", since=LATER, task=None)
    _run("shop.prod", "by_hand", "running", since=LATER, task="up_for_reschedule")
    code, said = _said("status", "--wait", "1")
    assert (code, "2 begin afterwards" in said, "it is safe" in said) == (0, True, True)


@pytest.mark.parametrize("state", ["awaiting_input", "up_for_reschedule"])
def test_who_waits_for_a_person_is_waited_for_by_nobody(state: str) -> None:
    """Approvals take days; and a yes that comes meanwhile has its run wait right after it."""
    _run("shop.prod", "by_hand", "running", since=EARLIER, task=state)
    code, said = _said("on", "--why", "a new disk", "--by", "ann", "--wait", "1")
    assert (code, "waits for a person, or its time: shop.prod by_hand" in said) == (0, True)


def test_a_deployment_that_is_set_for_a_time_is_waited_for_by_nobody() -> None:
    _run("shop.prod", "by_hand", "running", since=EARLIER, task="deferred", name="wait_for_time")
    code, said = _said("on", "--why", "a new disk", "--by", "ann", "--wait", "1")
    assert (code, "or its time: shop.prod by_hand" in said) == (0, True)


def test_the_watching_of_commits_never_ends_and_need_not() -> None:
    _run("commits", "continuous", "running", since=EARLIER, task="running")
    assert _said("on", "--why", "a new disk", "--by", "ann", "--wait", "1")[0] == 0


def test_a_second_word_does_not_let_through_what_the_first_held_up() -> None:
    _said("on", "--why", "a new disk", "--by", "ann")
    first = MaintenanceBook().current()
    _, said = _said("on", "--why", "another thing", "--by", "bob")
    assert MaintenanceBook().current() == first
    assert "by ann: a new disk" in said


def test_an_upgrade_does_not_end_what_a_person_began() -> None:
    _said("on", "--why", "a new disk", "--by", "ann")
    assert _said("off", "--by", "upgrade") == (0, "there was no maintenance\n")
    assert MaintenanceBook().current()
    assert _said("off") == (0, "runs begin again\n")
    assert MaintenanceBook().current() is None


def test_whoever_is_held_up_is_told_why(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _said("on", "--why", " ")
    assert "--why is missing" in capsys.readouterr().err
    assert MaintenanceBook().current() is None
