"""What tasks leave for the commit's page, in Airflow's own task runner."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.execution_time import task_runner

from slipway.exceptions import CloudUnavailable, TestsFailed
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.model.facts import StepReport, TestCounts, TestFailure, TestReport
from slipway.tasks.kept_facts import keep_fact
from slipway.tasks.making_way.closing import CLOSED, PullRequestClosed
from slipway.tasks.statuses import reports as status_reports
from slipway.tasks.statuses.reports import Says
from tests.fakes.airflow_run import FakeTask
from tests.slipway.tasks.statuses.reports import stages
from tests.slipway.tasks.statuses.reports.stages import (
    DAG_ID,
    FAILED,
    IN_PROGRESS,
    RECORD,
    RUN_ID,
    SUCCESSFUL,
    raises,
    run,
    stage,
)

if TYPE_CHECKING:
    from slipway.model.forge.status import StatusNote

store = stages.store


def report() -> TestReport:
    step = StepReport(name="unit", image="i", state="passed", seconds=1.0, exit_code=0)
    release = RECORD.checkout.release
    counts = TestCounts(tests=142)
    return TestReport(release=release, seconds=3.1, steps=(step,), counts=counts)


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


def test_another_try_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    error = CloudUnavailable("EC2 throttles")
    outcome = run(monkeypatch, raises(error), told=stage("dev"), retries=True)
    assert (outcome.state, outcome.said) == (
        "up_for_retry",
        [(IN_PROGRESS, "again, after: EC2 throttles")],
    )


def test_what_a_log_masks_no_host_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.log import mask_secret

    def body() -> None:
        mask_secret("hunter2-hunter2")
        msg = "postgres://shop:hunter2-hunter2@db is away"
        raise CloudUnavailable(msg)

    outcome = run(monkeypatch, body, told=stage("dev"))
    assert outcome.said == [(FAILED, "test: postgres://shop:***@db is away")]


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
