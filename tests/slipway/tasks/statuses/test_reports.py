"""What tasks leave for the commit's page, in Airflow's own task runner."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time import comms, task_runner
from airflow.sdk.execution_time.comms import CommsDecoder

from slipway.exceptions import (
    ApprovalMissing,
    CloudUnavailable,
    EnvironmentFrozen,
    PipelineStopped,
    TestsFailed,
    UnhealthyRelease,
)
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.model.facts import StepReport, TestCounts, TestFailure, TestReport
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import StatusNote, StatusState
from slipway.tasks.kept_facts import keep_fact
from slipway.tasks.making_way.closing import CLOSED, PullRequestClosed
from slipway.tasks.making_way.side_by_side import STOPPED
from slipway.tasks.making_way.superseding import SUPERSEDED_BY, Superseded
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.statuses import reports as status_reports
from slipway.tasks.statuses.reports import Says, Stage, StatusReporter
from tests.fakes.airflow_run import FakeTask
from tests.fakes.airflow_task_runner import task_instance
from tests.slipway.operators.commit_runs import sign
from tests.slipway.operators.releases import catalogue, make_record

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


def report() -> TestReport:
    step = StepReport(name="unit", image="i", state="passed", seconds=1.0, exit_code=0)
    release = RECORD.checkout.release
    counts = TestCounts(tests=142)
    return TestReport(release=release, seconds=3.1, steps=(step,), counts=counts)


@pytest.fixture(autouse=True)
def _store(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://ci.example.com/")


def test_a_pipeline_that_passes_is_told_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    def body() -> None:
        fake = FakeTask(DAG_ID, RUN_ID, "test")
        keep_fact(fake.context, RECORD.checkout.release, report().to_json(), of=RECORD.checkout)

    outcome = run(monkeypatch, body, begins="runs", passed=Says.TESTS, counts=report().counts)
    assert outcome.said == [(IN_PROGRESS, "runs"), (SUCCESSFUL, "142 tests, 3.1 s")]
    last = outcome.notes[-1]
    assert (last.status.sha, last.status.branch) == (RECORD.checkout.release.sha, "main")
    assert (
        last.status.url == f"https://ci.example.com/dags/shop/runs/{RUN_ID}/tasks/test?try_number=1"
    )
    assert last.tests is not None
    assert last.tests.tests == 142


def test_a_pipeline_that_fails_names_the_test_and_shows_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = TestFailure(name="t.test_a", message="assert", path="t.py", line=3)
    counts = TestCounts(tests=9, failures=1, failed=(one,))
    error = TestsFailed("step 'unit' failed with exit code 1\n    x", advice="correct it")
    outcome = run(monkeypatch, raises(error), begins="runs", passed=Says.TESTS, counts=counts)
    assert outcome.said[-1] == (FAILED, "1 of 9 tests failed: t.test_a")
    tests = outcome.notes[-1].tests
    assert tests is not None
    assert [(one.path, one.line) for one in tests.annotations] == [("t.py", 3)]


def test_a_pipeline_without_reports_names_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    error = TestsFailed("step 'lint' failed with exit code 2\n    secret tail", advice="correct it")
    outcome = run(monkeypatch, raises(error), begins="runs", passed=Says.TESTS)
    assert outcome.said[-1] == (FAILED, "step 'lint' failed with exit code 2")


def test_the_next_task_begins_before_a_word_of_the_last_one_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[Any] = []
    add = StatusNotes.add

    def noted(self: StatusNotes, note: StatusNote) -> None:
        told = task_runner.SUPERVISOR_COMMS.told  # type: ignore[attr-defined]
        order.append((note.status.state, list(told)))
        add(self, note)

    monkeypatch.setattr(StatusNotes, "add", noted)
    with pytest.MonkeyPatch.context() as patch:
        sign_report()
        run(patch, lambda: None, begins="runs", passed=Says.TESTS)
    assert order[-1] == (SUCCESSFUL, ["SucceedTask"])


def sign_report() -> None:
    fake = FakeTask(DAG_ID, RUN_ID, "test")
    keep_fact(fake.context, RECORD.checkout.release, report().to_json(), of=RECORD.checkout)


def test_a_store_that_hangs_holds_up_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    get = ArtifactStore.get

    def slow(self: ArtifactStore, key: str) -> Any:
        if key.endswith("/checkout.json"):
            answers.wait(60)
        return get(self, key)

    monkeypatch.setattr(ArtifactStore, "get", slow)
    monkeypatch.setattr(status_reports, "_PATIENCE", 0.2)
    began: list[float] = []
    at = time.monotonic()

    def body() -> None:
        began.append(time.monotonic() - at)
        msg = "EC2 is away"
        raise CloudUnavailable(msg)

    outcome = run(monkeypatch, body, begins="runs", passed=Says.ROLLED_BACK)
    assert outcome.state == "failed"
    assert began[0] < 10
    assert time.monotonic() - at < 20
    answers.set()
    # In a process of its own it would end with it; here it must not write into the next test.
    for one in threading.enumerate():
        if one.name == "status":
            one.join(20)


@pytest.mark.parametrize("error", [OSError("the bucket is away"), ValueError("?")])
def test_whatever_goes_wrong_with_a_status_is_not_the_tasks_affair(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(StatusNotes, "add", broken)
    sign_report()
    outcome = run(monkeypatch, lambda: None, begins="runs", passed=Says.TESTS)
    assert (outcome.state, outcome.notes) == ("success", [])


def test_a_task_that_stops_since_another_failed_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AirflowFailException("stopped, because test failed")
    outcome = run(
        monkeypatch,
        raises(error),
        task_id="build_deb",
        told=stage("package", "build_deb"),
        begins="builds",
        xcoms={("build_deb", STOPPED): ["test"]},
    )
    assert outcome.said[-1] == (STOPPED_STATE, "stopped, because test failed")


def test_a_bake_that_stops_beside_its_preflight_hides_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = stage("dev", "preflight", "bake_image")
    missing = UnhealthyRelease("DATABASE_URL is missing", advice="set it")
    run(monkeypatch, raises(missing), task_id="preflight", told=both)
    outcome = run(
        monkeypatch,
        raises(AirflowFailException("stopped, because preflight failed")),
        task_id="bake_image",
        told=both,
        xcoms={("bake_image", STOPPED): ["preflight"]},
    )
    assert outcome.said == [(FAILED, "preflight: DATABASE_URL is missing")]


def test_a_pipeline_that_somebody_stopped_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run(monkeypatch, raises(PipelineStopped("stopped")), passed=Says.TESTS)
    assert outcome.said == [(STOPPED_STATE, "stopped")]


def test_another_try_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    error = CloudUnavailable("EC2 throttles")
    outcome = run(monkeypatch, raises(error), told=stage("dev"), retries=True)
    assert (outcome.state, outcome.said) == (
        "up_for_retry",
        [(IN_PROGRESS, "again, after: EC2 throttles")],
    )


def test_a_failed_deployment_names_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UnhealthyRelease("2 of 2 machines answer 500", advice="look")
    task = "swap.fleet_healthy"
    outcome = run(monkeypatch, raises(error), task_id=task, told=stage("dev", task))
    assert outcome.said == [(FAILED, "fleet_healthy: 2 of 2 machines answer 500")]


def test_a_release_that_was_rolled_back_says_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = ("swap.fleet_healthy", "swap.roll_back")
    outcome = run(
        monkeypatch,
        lambda: None,
        task_id="swap.roll_back",
        told=stage("dev", *tasks),
        passed=Says.ROLLED_BACK,
        states={"swap.fleet_healthy": "failed"},
    )
    assert outcome.said == [(FAILED, "rolled back: fleet_healthy failed")]


def test_a_run_that_launched_nothing_is_not_called_rolled_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Work, "went_back", False, raising=False)
    outcome = run(monkeypatch, lambda: None, told=stage("dev"), passed=Says.ROLLED_BACK)
    assert (outcome.state, outcome.said) == ("success", [])


def test_what_a_log_masks_no_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.log import mask_secret

    def body() -> None:
        mask_secret("hunter2-hunter2")
        msg = "postgres://shop:hunter2-hunter2@db is away"
        raise CloudUnavailable(msg)

    outcome = run(monkeypatch, body, told=stage("dev"))
    assert outcome.said == [(FAILED, "test: postgres://shop:***@db is away")]


def test_a_skipped_stage_is_stopped_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    skip = raises(AirflowSkipException("frozen"))
    outcome = run(monkeypatch, skip, told=stage("dev"), skipped="left alone: a freeze")
    assert outcome.said == [(STOPPED_STATE, "left alone: a freeze")]
    assert run(monkeypatch, skip, told=stage("qa")).notes == outcome.notes


@pytest.mark.parametrize("task_id", ["test", "checkout"])
def test_what_ended_with_its_pull_request_is_stopped_and_says_so(
    monkeypatch: pytest.MonkeyPatch, task_id: str
) -> None:
    reason = "pull request 7 was merged"
    event = Event.pull_request(7, branch="main", source="topic", fork=False)
    sha = RECORD.checkout.release.sha
    RunFacts(artifact_store(), dag_id=DAG_ID, run_id=RUN_ID).announce(event, sha)
    outcome = run(
        monkeypatch,
        raises(PullRequestClosed(reason)),
        task_id=task_id,
        checkout=task_id != "checkout",
        told=stage("test", task_id),
        xcoms={(task_id, CLOSED): reason},
        skipped="nothing of it is for this commit",
    )
    assert (outcome.state, outcome.said) == ("skipped", [(STOPPED_STATE, reason)])
    assert outcome.notes[0].status.sha == sha


def test_a_commit_that_was_merged_as_it_is_is_told_of_by_its_own_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fast-forward: the delivered branch's run has the same stages on the same commit."""
    sha = RECORD.checkout.release.sha
    RunFacts(artifact_store(), dag_id="shop", run_id=f"commit__{sha}").announce(
        Event.push("main"), sha
    )
    reason = "pull request 7 was merged"
    xcoms = {("test", CLOSED): reason}
    outcome = run(monkeypatch, raises(PullRequestClosed(reason)), xcoms=xcoms)
    assert outcome.said == []


def test_what_may_ask_a_person_says_so_when_it_has_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not before: most of what may be asked about needs no yes."""
    words: Any = {"asks": "waits for approval", "refused": "not approved"}
    assert run(monkeypatch, lambda: None, told=stage("prod"), **words).said == []
    reporter = StatusReporter(stage=stage("prod"), **words)
    with DAG(dag_id=DAG_ID, schedule=None) as dag:
        Work(task_id="checkout")
        task = Work(task_id="test")
    ti: Any = FakeTask(DAG_ID, RUN_ID, task_id="test")
    ti.log_url = "https://airflow"
    context: Any = {"ti": ti, "task": task, "dag": dag, "params": {}}
    outcome = run(monkeypatch, lambda: reporter.on_asked(context), told=stage("prod"))
    assert outcome.said == [(IN_PROGRESS, "waits for approval")]


def test_a_no_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AirflowFailException("Ann said no")
    outcome = run(monkeypatch, raises(error), told=stage("prod"), refused="not approved")
    assert outcome.said == [(STOPPED_STATE, "not approved")]


def test_a_freeze_is_nobodys_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yes that came within a window ends the run; so does a swap that begins within one."""
    frozen = EnvironmentFrozen("frozen by Christmas, until 2 January", advice="later")
    for task_id, refused in (("approve", "not approved"), ("swap.launch", "")):
        told = stage("prod", task_id)
        outcome = run(monkeypatch, raises(frozen), told=told, task_id=task_id, refused=refused)
        said = "left alone: frozen by Christmas, until 2 January"
        assert outcome.said[-1] == (STOPPED_STATE, said)


def test_a_yes_that_does_not_count_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ApprovalMissing("the yes of ann does not count: she started the run", advice="other")
    outcome = run(monkeypatch, raises(own), told=stage("prod"), refused="not approved")
    (said,) = outcome.said
    assert said == (
        STOPPED_STATE,
        "not approved: the yes of ann does not count: she started the run",
    )


@pytest.mark.parametrize("error", [CloudUnavailable("S3 is away"), ZeroDivisionError("a")])
def test_a_question_that_could_not_be_put_was_not_answered(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    outcome = run(monkeypatch, raises(error), told=stage("prod"), refused="not approved")
    ((state, text),) = outcome.said
    assert state == FAILED
    assert "not approved" not in text


def test_projects_that_share_commits_keep_their_statuses_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = (
        dataclasses.replace(stage("dev"), project=name, shared=True) for name in ("api", "web")
    )
    for told in (one, other):
        outcome = run(monkeypatch, lambda: None, told=told, begins="runs")
    keys = [one.status.key for one in outcome.notes]
    assert keys == ["slipway/api/dev", "slipway/web/dev"]
    assert len({one.subject for one in outcome.notes}) == 2


def deployed(monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], **more: Any) -> Outcome:
    task = "swap.record_deployment"
    return run(
        monkeypatch,
        lambda: None,
        task_id=task,
        told=stage("prod", "swap.retire_old", task),
        passed=Says.SERVING,
        checkout=False,
        xcoms={
            ("choose_release", "release"): told,
            ("swap.retire_old", "return_value"): {"instance_ids": ["i-1", "i-2"]},
        },
        **more,
    )


def test_a_release_that_serves_is_told_on_its_own_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue(VERSION)
    outcome = deployed(monkeypatch, RECORD.checkout.release.to_json())
    assert outcome.said == [(SUCCESSFUL, f"serving {VERSION} on 2 machines")]
    assert outcome.notes[0].status.sha == RECORD.checkout.release.sha
    assert outcome.notes[0].status.key == "slipway/prod"


def test_whoever_edits_what_tasks_told_each_other_makes_no_commit_green(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue(VERSION)
    other = dataclasses.replace(RECORD.checkout.release, sha="f" * 40)
    outcome = deployed(monkeypatch, other.to_json())
    assert (outcome.state, outcome.notes) == ("success", [])


def test_a_dry_run_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue(VERSION)
    told = RECORD.checkout.release.to_json()
    assert deployed(monkeypatch, told, params={"dry_run": True}).notes == []


def test_a_superseded_stage_names_the_newer_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[tuple[str, str], Any] = {("test", SUPERSEDED_BY): "3f2a1b7"}
    outcome = run(monkeypatch, raises(Superseded("3f2a1b7")), xcoms=told, skipped="not for it")
    assert outcome.state == "skipped"
    assert outcome.said == [(STOPPED_STATE, "superseded by 3f2a1b7")]
