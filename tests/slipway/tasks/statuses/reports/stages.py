"""Tasks in Airflow's own task runner, and what they tell a host."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.execution_time import comms, task_runner
from airflow.sdk.execution_time.comms import CommsDecoder

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import StatusNote, StatusState
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.statuses.reports import Stage, StatusReporter
from tests.fakes.airflow_run import FakeTask
from tests.fakes.airflow_task_runner import task_instance
from tests.slipway.operators.commit_runs import sign
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slipway.model.facts import TestCounts

DAG_ID, RUN_ID, VERSION = "shop", "commit__1", "1.4.0+42.g3f2a1b7"
RECORD = make_record(VERSION)
PLACE = ForgePlace(kind=ForgeKind.BITBUCKET, server="https://x", path="acme/shop", connection="c")
IN_PROGRESS, SUCCESSFUL = StatusState.IN_PROGRESS, StatusState.SUCCESSFUL
FAILED, STOPPED_STATE = StatusState.FAILED, StatusState.STOPPED


class Supervisor(CommsDecoder[Any, Any]):
    """Answers as the API server would, and notes in which order it is told."""

    def __init__(self, xcoms: dict[tuple[str, str], Any], *, retries: bool) -> None:
        nowhere: Any = None
        super().__init__(log=structlog.get_logger(), socket=nowhere)
        self.xcoms = xcoms
        self.retries = retries
        self.told: list[str] = []
        self.states: dict[str, str] = {}

    def send(self, msg: Any) -> Any:
        if isinstance(msg, comms.GetTaskStates):
            return comms.TaskStatesResult(task_states={RUN_ID: self.states})
        if isinstance(msg, comms.GetXCom):
            return comms.XComResult(key=msg.key, value=self.xcoms.get((msg.task_id, msg.key)))
        if isinstance(msg, comms.GetXComSequenceSlice):
            found = self.xcoms.get((msg.task_id, msg.key))
            return comms.XComSequenceSliceResult(root=[] if found is None else [found])
        if isinstance(msg, comms.SucceedTask | comms.TaskState | comms.RetryTask):
            self.told.append(type(msg).__name__)
        return None


class Work(BaseOperator):
    """Does what a test wants."""

    body: Callable[[], Any] = staticmethod(lambda: None)
    counts: TestCounts | None = None

    def execute(self, context: Any) -> Any:
        return self.body()


@dataclasses.dataclass
class Outcome:
    """What became of a task."""

    state: str
    notes: list[StatusNote]
    supervisor: Supervisor

    @property
    def said(self) -> list[tuple[StatusState, str]]:
        return [(one.status.state, one.status.text) for one in self.notes]


def stage(name: str = "test", *tasks: str) -> Stage:
    every = tasks or ("test",)
    return Stage(
        project="shop",
        name=name,
        place=PLACE,
        tasks=every,
        last=every[-1],
        environment="" if name in ("test", "package") else name,
    )


def run(
    monkeypatch: pytest.MonkeyPatch,
    body: Callable[[], Any],
    *,
    task_id: str = "test",
    told: Stage | None = None,
    counts: TestCounts | None = None,
    xcoms: dict[tuple[str, str], Any] | None = None,
    retries: bool = False,
    checkout: bool = True,
    params: dict[str, Any] | None = None,
    states: dict[str, str] | None = None,
    conf: dict[str, Any] | None = None,
    **words: Any,
) -> Outcome:
    """Run a task as a worker does, with what it says to the commit's page."""
    reporter = StatusReporter(stage=told or stage(), **words)
    with DAG(dag_id=DAG_ID, schedule=None, params=params or {}) as dag:
        if checkout:
            Work(task_id="checkout")
        task = Work(task_id=task_id)
    task.body, task.counts = body, counts
    task.on_execute_callback = [reporter.on_execute]
    task.on_success_callback = [reporter.on_success]
    task.on_failure_callback = [reporter.on_failure]
    task.on_retry_callback = [reporter.on_retry]
    task.on_skipped_callback = [reporter.on_skipped]
    if checkout:
        fake = FakeTask(DAG_ID, RUN_ID)
        sign(fake, RECORD.checkout.release, checkout=RECORD.checkout)
    supervisor = Supervisor(xcoms or {}, retries=retries)
    supervisor.states = states or {}
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    monkeypatch.setattr(task_runner, "_prepare", lambda *_: None)
    state = _in_airflow(dag, task, retries=retries, params=params or {}, conf=conf or {})
    return Outcome(
        state, [one for _, one in StatusNotes(artifact_store()).waiting(print)], supervisor
    )


def _in_airflow(
    dag: DAG, task: BaseOperator, *, retries: bool, params: dict[str, Any], conf: dict[str, Any]
) -> str:
    ti, dag_run = task_instance(task, dag_id=DAG_ID, run_id=RUN_ID, should_retry=retries)
    dag_run = dag_run.model_copy(update={"conf": conf})
    context: Any = {
        "ti": ti,
        "task": task,
        "dag": dag,
        "dag_run": dag_run,
        "run_id": RUN_ID,
        "params": params,
    }
    log = structlog.get_logger()
    state, _, error = task_runner.run(ti, context, log)
    context["exception"] = error
    task_runner.finalize(ti, state, context, log, error)
    return state.value


def raises(error: Exception) -> Callable[[], Any]:
    def body() -> None:
        with no_retry_on_input_error():
            raise error

    return body


@pytest.fixture(autouse=True)
def store(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://ci.example.com/")
