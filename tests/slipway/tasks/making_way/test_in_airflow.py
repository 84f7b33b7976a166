"""The same in Airflow's own task runner: which state a stopped task ends in, and what it asks."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import structlog
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.execution_time import comms, task_runner
from airflow.sdk.execution_time.comms import CommsDecoder

from slipway.exceptions import CloudUnavailable
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.heads import head_key
from slipway.tasks.making_way import side_by_side
from slipway.tasks.making_way.hurry import Hurry
from slipway.tasks.making_way.side_by_side import STOPPED, SideBySide
from tests.fakes.airflow_task_runner import task_instance

DAG_ID, RUN_ID = "shop", "commit__1"


class Supervisor(CommsDecoder[Any, Any]):
    """Answers as the API server would."""

    def __init__(self, states: dict[str, str]) -> None:
        nowhere: Any = None
        super().__init__(log=structlog.get_logger(), socket=nowhere)
        self.states = states
        self.pushed: dict[str, Any] = {}
        self.waiting = 0

    def send(self, msg: Any) -> Any:
        if isinstance(msg, comms.GetTaskStates):
            assert (msg.dag_id, msg.run_ids) == (DAG_ID, [RUN_ID])
            return comms.TaskStatesResult(task_states={RUN_ID: self.states})
        if isinstance(msg, comms.GetXComSequenceSlice):
            return comms.XComSequenceSliceResult(root=[])
        if isinstance(msg, comms.SetXCom):
            self.pushed[msg.key] = msg.value
        if isinstance(msg, comms.GetDRCount):
            return comms.DRCount(count=self.waiting)
        return None


class Work(BaseOperator):
    """Works for long beside others, or meets bad weather."""

    seconds = 8.0
    killed = False

    def execute(self, context: Any) -> None:
        with SideBySide(self, context):
            time.sleep(self.seconds)
            msg = "the registry is away"
            raise CloudUnavailable(msg)

    def on_kill(self) -> None:
        self.killed = True


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "PAUSE", 0.05)
    monkeypatch.setattr(side_by_side, "AGAIN", 0.05)


def run(monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor, task: BaseOperator) -> Any:
    """Run a task as a worker does, and return its state and what the supervisor is told."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    ti, dag_run = task_instance(task, dag_id=DAG_ID, run_id=RUN_ID)
    context: Any = {"ti": ti, "task": task, "dag_run": dag_run, "run_id": RUN_ID}
    monkeypatch.setattr(task_runner, "_prepare", lambda *_: None)
    state, told, _ = task_runner._run_task_and_map_outcome(ti, context, structlog.get_logger())
    return state.value, told


def make(**more: Any) -> Work:
    with DAG(dag_id=DAG_ID, schedule=None):
        return Work(task_id="build_deb", retries=2, retry_policy=Hurry(), **more)


def test_a_stopped_task_has_failed_and_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor, task = Supervisor({"test": "failed"}), make()
    began = time.monotonic()
    state, told = run(monkeypatch, supervisor, task)
    assert time.monotonic() - began < task.seconds / 2
    assert (state, told.type) == ("failed", "TaskState")
    assert (task.killed, supervisor.pushed) == (True, {STOPPED: ["test"]})


def test_its_execution_timeout_goes_on_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make(execution_timeout=timedelta(seconds=0.3))
    state, _ = run(monkeypatch, Supervisor({"test": "running"}), task)
    assert state == "up_for_retry"
    assert task.killed


def test_bad_weather_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make()
    task.seconds = 0.1
    state, told = run(monkeypatch, Supervisor({"test": "up_for_retry"}), task)
    assert (state, told.retry_delay_seconds) == ("up_for_retry", None)


@pytest.mark.usefixtures("artifacts")
def test_bad_weather_is_tried_again_at_once_where_a_newer_commit_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    artifact_store().put_json(head_key(DAG_ID), "b" * 40)
    task, supervisor = make(), Supervisor({"test": "running"})
    task.seconds, supervisor.waiting = 0.1, 1
    state, told = run(monkeypatch, supervisor, task)
    assert (state, told.retry_delay_seconds) == ("up_for_retry", 0.0)
    assert told.retry_reason == "the run of the newer commit bbbbbbb waits"


def test_bad_weather_beside_a_failure_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "AGAIN", 60.0)
    task = make()
    task.seconds = 0.1
    state, _ = run(monkeypatch, Supervisor({"test": "failed"}), task)
    assert state == "failed"
