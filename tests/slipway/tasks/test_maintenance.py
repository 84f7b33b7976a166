"""No run begins during maintenance, and none that has begun is kept from its end."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, BaseOperator, Variable
from airflow.sdk.exceptions import AirflowRescheduleException

from include.delivery.defaults import known_params_only
from include.delivery.environment_dag import environment_dag
from include.project.loader import PROJECTS, load_project
from slipway.model.maintenance import Maintenance
from slipway.tasks import maintenance
from slipway.tasks.maintenance import AGAIN, wait_while_maintained

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE, AFTER = SINCE - timedelta(minutes=1), SINCE + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    held = Maintenance(by="ann", at=SINCE.timestamp(), why="a new disk")
    variables = {"slipway_maintenance": json.dumps(held.to_json())}

    def get(name: str, default: Any = None) -> Any:
        return variables.get(name, default)

    monkeypatch.setattr(Variable, "get", get)
    return variables


def _context(began: datetime, *, dag_id: str = "shop", task: str = "first") -> Any:
    with DAG(dag_id=dag_id, schedule=None) as dag:
        first = BaseOperator(task_id="first")
        approve = ApprovalOperator(task_id="approve", subject="Go?")
        swap = BaseOperator(task_id="swap")
        first >> approve >> swap
    run = SimpleNamespace(dag_id=dag_id, start_date=began, conf={})
    return {"dag": dag, "dag_run": run, "task": dag.get_task(task)}


def test_a_run_that_begins_waits_without_a_worker_and_uses_up_no_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger=maintenance.__name__)
    now = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as raised:
        wait_while_maintained(_context(AFTER))
    assert 0 < (raised.value.reschedule_date - now).total_seconds() < AGAIN + 5
    assert "2026-03-01T12:00:00+00:00 (ann: a new disk)" in caplog.text


def test_a_run_that_had_begun_goes_on_to_its_end() -> None:
    wait_while_maintained(_context(BEFORE))


def test_a_yes_that_comes_meanwhile_swaps_nothing() -> None:
    """People answer when they come to it: the run had begun, and had changed nothing."""
    with pytest.raises(AirflowRescheduleException):
        wait_while_maintained(_context(BEFORE, task="swap"))


@pytest.mark.parametrize("dag_id", ["commits", "controls"])
def test_commits_are_seen_and_brakes_are_pulled_meanwhile(dag_id: str) -> None:
    wait_while_maintained(_context(AFTER, dag_id=dag_id))


def test_what_waited_goes_on_afterwards(told: dict[str, str]) -> None:
    told.clear()
    wait_while_maintained(_context(AFTER))


def test_who_set_it_cannot_write_into_a_log_what_is_no_text(
    told: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=maintenance.__name__)
    held = Maintenance(by="ann", at=SINCE.timestamp(), why="\x1b[2Jgone\nall is well")
    told["slipway_maintenance"] = json.dumps(held.to_json())
    with pytest.raises(AirflowRescheduleException):
        wait_while_maintained(_context(AFTER))
    assert "\x1b" not in caplog.text
    assert "\nall is well" not in caplog.text


def test_every_task_looks_before_it_begins() -> None:
    """As it does for what its DAG does not know (include/delivery/defaults)."""
    context = _context(AFTER)
    with pytest.raises(AirflowRescheduleException):
        known_params_only(context)


def _production(task_id: str) -> Any:
    project = load_project(PROJECTS / "guestbook.yaml")
    dag = environment_dag(project, "prod")
    run = SimpleNamespace(dag_id=dag.dag_id, start_date=BEFORE, conf={})
    return {"dag": dag, "dag_run": run, "task": dag.get_task(task_id)}


@pytest.mark.parametrize("task_id", ["plan", "preflight", "bake_image"])
def test_what_somebody_chooses_meanwhile_waits_like_a_yes(task_id: str) -> None:
    context = _production(task_id)
    above = {one.task_id for one in context["task"].upstream_list}
    if not above & {"choose_release", "approve", "wait_for_time"}:
        pytest.skip("it comes after one of those that wait")
    with pytest.raises(AirflowRescheduleException):
        wait_while_maintained(context)


def test_a_swap_that_has_begun_is_not_held_up_by_what_was_chosen() -> None:
    for task_id in ("swap.launch", "swap.record_deployment", "swap.retire_old"):
        wait_while_maintained(_production(task_id))


@pytest.mark.parametrize("value", ["on", "true", "{}", "[1]", "null", '{"by": "ann"}'])
def test_a_value_that_says_nothing_holds_up_what_it_should_and_nothing_else(
    told: dict[str, str], value: str
) -> None:
    told["slipway_maintenance"] = value
    with pytest.raises(AirflowRescheduleException):
        wait_while_maintained(_context(AFTER))
    for dag_id in ("commits", "controls", "check_projects"):
        wait_while_maintained(_context(AFTER, dag_id=dag_id))
