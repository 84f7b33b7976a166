"""Whether a newer commit waits, and how that hurries a commit that is tried again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.retry_policy import RetryAction

from include.delivery.defaults import RETRIES
from slipway.exceptions import CloudUnavailable
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.heads import head_key
from slipway.hooks.store.runs.facts import RunFacts
from slipway.tasks.making_way.hurry import Hurry
from slipway.tasks.making_way.queued_behind import newer_commit_queued
from tests.fakes.airflow_run import FakeTask
from tests.slipway.sensors.polls import hand_on

OLD, NEW = "a" * 40, "b" * 40
AWAY = CloudUnavailable("away")

pytestmark = pytest.mark.usefixtures("artifacts")


def handed_on(*shas: str) -> None:
    hand_on("shop", *shas)


def run(sha: str, **states: str) -> FakeTask:
    there = {("shop", f"commit__{one * 40}"): state for one, state in states.items()}
    return FakeTask(dag_id="shop", run_id=f"commit__{sha}", task_id="test", states=there)


def newer(task: FakeTask) -> str | None:
    return newer_commit_queued(task.dag_id, task.run_id, task.get_dr_count)


def test_the_branchs_newest_commit_waits_behind_an_older_one() -> None:
    handed_on(OLD, NEW)
    assert newer(run(OLD, a="running", b="queued")) == NEW[:7]


def test_the_newest_commit_itself_has_nobody_behind_it() -> None:
    """Also where the run of an older one was cleared, and waits."""
    handed_on(OLD, NEW)
    assert newer(run(NEW, a="queued", b="running")) is None


@pytest.mark.parametrize("state", ["running", "success", "failed"])
def test_a_newer_run_that_does_not_wait_is_not_in_a_hurry(state: str) -> None:
    handed_on(OLD, NEW)
    assert newer(run(OLD, a="running", b=state)) is None


def test_as_long_as_nobody_can_say_nobody_hurries() -> None:
    assert newer(run(OLD, b="queued")) is None
    artifact_store().put(head_key("shop"), b'"not a commit"')
    assert newer(run(OLD, b="queued")) is None
    handed_on(NEW)

    def away(**_: Any) -> int:
        raise AWAY

    assert newer_commit_queued("shop", f"commit__{OLD}", away) is None


def decide(task: FakeTask) -> Any:
    return Hurry().evaluate(AWAY, 1, 2, task.context)


def test_a_task_whose_commit_was_overtaken_is_tried_again_at_once() -> None:
    handed_on(OLD, NEW)
    decision = decide(run(OLD, b="queued"))
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(0))
    assert decision.reason == f"the run of the newer commit {NEW[:7]} waits"


def test_where_nobody_waits_tries_have_their_time() -> None:
    handed_on(OLD)
    assert decide(run(OLD)).action is RetryAction.DEFAULT
    assert Hurry().evaluate(AWAY, 1, 2).action is RetryAction.DEFAULT
    assert Hurry().evaluate(AWAY, 1, 2, {}).action is RetryAction.DEFAULT


def test_a_run_that_has_begun_its_swap_is_not_hurried() -> None:
    handed_on(OLD, NEW)
    task = run(OLD, b="queued")
    facts = RunFacts(artifact_store(), dag_id=task.dag_id, run_id=task.run_id)
    facts.begin_swap("1.0", "swap")
    assert decide(task).action is RetryAction.DEFAULT
    facts.forget_swap()
    assert decide(task).action is RetryAction.RETRY


def test_what_nobody_can_read_of_a_swap_counts_as_one(artifacts: Path) -> None:
    handed_on(OLD, NEW)
    task = run(OLD, b="queued")
    facts = RunFacts(artifact_store(), dag_id=task.dag_id, run_id=task.run_id)
    facts.begin_swap("1.0", "swap")
    [note] = artifacts.rglob("begun.json")
    note.write_text("{}")
    assert decide(task).action is RetryAction.DEFAULT


def test_every_task_of_a_project_hurries() -> None:
    from slipway.operators.check_freeze import CheckFreezeOperator

    with DAG(dag_id="shop", schedule=None, default_args=RETRIES):
        task = CheckFreezeOperator(task_id="check_freeze", windows=[])
    assert isinstance(task.retry_policy, Hurry)
    assert task.retries == SimpleNamespace(**RETRIES).retries
