"""Whoever started a run that failed reads on the board why, if they may read its log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.airflow_orders import Orders
from slipway.hooks.airflow_people import Person
from slipway.hooks.airflow_progress import Progress
from slipway.hooks.airflow_reasons import last_error
from tests.slipway.board.airflow_shop import DAG, shop
from tests.slipway.board.boards import Office, filled, hide, office

__all__ = ["shop"]
REFUSED = "bob may not deploy to prod: deploy is for ann\n  what to do: ask ann"
PAGE = "/e/shop/prod?run=board__1"

pytestmark = pytest.mark.usefixtures("artifacts")


def line(event: str, level: str = "info", **more: Any) -> dict[str, Any]:
    return {"timestamp": "2026-11-27T12:00:00Z", "event": event, "level": level, **more}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], ""),
        ([line("begins"), line("ends")], ""),
        ([line("begins"), line(REFUSED, "error"), line("Task finished")], REFUSED),
        ([line("one", "error"), line("two", "error")], "two"),
        (
            [line("Task failed", "error", error_detail=[{"exc_type": "E", "exc_value": REFUSED}])],
            REFUSED,
        ),
        ([line("Task failed", "error", error_detail=[{"exc_value": ""}])], "Task failed"),
        ([line("Task failed", "error", error_detail=None)], "Task failed"),
        ([line("killed", "critical")], "killed"),
        ([{"event": "no level"}, {}], ""),
    ],
)
def test_the_last_error_of_a_log_is_the_reason(lines: list[dict[str, Any]], told: str) -> None:
    assert last_error(lines) == told


def fail(tasks: dict[str, str], logs: Path) -> None:
    """Let tasks of a run fail one after the other, each with an error in its log."""
    from datetime import UTC, datetime, timedelta

    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        for number, (task_id, error) in enumerate(tasks.items()):
            wanted = select(TaskInstance).where(
                TaskInstance.run_id == "board__1", TaskInstance.task_id == task_id
            )
            task = session.scalars(wanted).one()
            task.state, task.try_number = "failed", 1
            task.end_date = datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=number)
            name = f"dag_id={DAG}/run_id=board__1/task_id={task_id}/attempt=1.log"
            (logs / name).parent.mkdir(parents=True, exist_ok=True)
            (logs / name).write_text(json.dumps(line(error, "error")) + "\n")
        session.scalars(wanted).one().dag_run.state = "failed"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from airflow.utils.log.file_task_handler import FileTaskHandler
    from airflow.utils.log.log_reader import TaskLogReader

    handler = FileTaskHandler(str(tmp_path))
    monkeypatch.setattr(TaskLogReader, "log_handler", handler)
    return tmp_path


def test_the_reason_is_that_of_the_task_that_failed_first(shop: Office, logs: Path) -> None:
    bob = Person(id="bob", name="bob", user=None)
    Orders().start(_user(bob), DAG, "board__1", {"version": "1.0+1"})
    assert Progress().why(DAG, "board__1") == ""
    fail({"choose_release": REFUSED, "plan": "the next"}, logs)
    assert Progress().why(DAG, "board__1") == REFUSED
    with shop.browser("bob") as browser:
        page = browser.get(PAGE).text
    assert "What you asked for failed" in page
    assert "<pre>bob may not deploy to prod: deploy is for ann\n  what to do: ask ann\n" in page


def test_a_log_that_comes_after_the_failure_is_read_when_it_is_there(
    shop: Office, logs: Path
) -> None:
    Orders().start(_user(Person(id="bob", name="bob", user=None)), DAG, "board__1", {})
    fail({"choose_release": ""}, logs)
    assert Progress().why(DAG, "board__1") == ""
    fail({"choose_release": REFUSED}, logs)
    assert Progress().why(DAG, "board__1") == REFUSED


def test_a_log_that_nobody_gives_costs_no_page(
    shop: Office, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.utils.log.file_task_handler import FileTaskHandler

    Orders().start(_user(Person(id="bob", name="bob", user=None)), DAG, "board__1", {})
    fail({"choose_release": REFUSED}, logs)
    monkeypatch.setattr(FileTaskHandler, "read", lambda *_, **__: 1 / 0)
    assert Progress().why(DAG, "board__1") == ""


def test_whoever_may_not_read_logs_reads_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    model, airflow = filled()
    airflow.reasons[DAG, "board__1"] = REFUSED
    shop = office(model, airflow)
    with shop.browser("ann") as ann:
        assert "deploy is for ann" in ann.get(PAGE).text
    hide(monkeypatch, DAG, user="vic", entity="TASK_LOGS")
    with shop.browser("vic") as vic:
        page = vic.get(PAGE).text
    assert "What you asked for failed" in page
    assert "deploy is for ann" not in page


def _user(person: Person) -> Person:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    user = SimpleAuthManagerUser(username=person.name, role="USER")
    return Person(id=person.id, name=person.name, user=user)
