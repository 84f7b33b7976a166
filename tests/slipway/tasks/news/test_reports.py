"""What tasks leave to be told to people, in Airflow's own task runner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import (
    EnvironmentFrozen,
    PipelineStopped,
    RepositoryUnreachable,
    SlipwayError,
    TestsFailed,
    UnhealthyRelease,
)
from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.news import NewsNotes
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.facts import TestCounts, TestFailure
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.model.git.repository import Repository
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import Place, Result
from slipway.model.news.note import NewsNote
from slipway.tasks.making_way.side_by_side import STOPPED
from slipway.tasks.news.approval import ApprovalNews
from slipway.tasks.news.remember import let_count
from slipway.tasks.news.reports import NewsReporter, Tells
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.commit_runs import sign
from tests.slipway.operators.releases import catalogue, make_proposal, make_record

pytestmark = pytest.mark.usefixtures("artifacts")

VERSION = "1.4.0+42.g3f2a1b7"
RECORD = make_record(VERSION)
TEAM = NewsChannel(name="team", kind=ChannelKind.SLACK, connection="team")
ROUTES = NewsRoutes(project="shop", channels=(TEAM,), continuous="dev")
NOWHERE = Repository(url="git://127.0.0.1:9/none")


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str, *parts: Any) -> None:
        self.lines.append(text % parts)


class Task:
    def __init__(self, task_id: str, counts: TestCounts | None, went_back: bool) -> None:
        self.task_id, self.counts, self.went_back = task_id, counts, went_back
        self.log = Log()


class Dag:
    dag_id = "shop"
    task_ids = ("checkout", "test")

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params


class Ti(FakeTask):
    log_url = "https://airflow/log"

    def xcom_pull(self, *, task_ids: str, key: str = "return_value") -> Any:
        return self.xcoms.get(key)

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {self.run_id: {"swap.soak": "failed"}}


def context(
    error: BaseException | None = None,
    *,
    task_id: str = "test",
    counts: TestCounts | None = None,
    went_back: bool = True,
    params: dict[str, Any] | None = None,
    xcoms: dict[str, Any] | None = None,
) -> Any:
    ti = Ti("shop", "commit__1", task_id)
    ti.xcoms.update(xcoms or {})
    sign(ti, RECORD.checkout.release, checkout=RECORD.checkout)
    return {
        "ti": ti,
        "dag": Dag(params or {}),
        "task": Task(task_id, counts, went_back),
        "params": params or {},
        "run_id": "commit__1",
        **({"exception": error} if error else {}),
    }


def reporter(tells: Tells = Tells.FAILURE, environment: str = "") -> NewsReporter:
    return NewsReporter(routes=ROUTES, repository=NOWHERE, environment=environment, tells=tells)


def told() -> list[NewsNote]:
    return list(NewsNotes(artifact_store()).waiting(pytest.fail))


def test_tests_that_fail_are_told_with_their_names_and_to_their_author() -> None:
    failed = (TestFailure(name="tests.test_cart.test_sum", message="1 != 2"),)
    counts = TestCounts(tests=9, failures=1, failed=failed)
    error = TestsFailed("step 'unit' failed with exit code 1")
    reporter().on_failure(context(error, counts=counts))
    [one] = told()
    assert one.events == (NewsEvent.BROKE,)
    assert one.why == "1 of 9 tests failed: tests.test_cart.test_sum"
    assert one.lines == ("tests.test_cart.test_sum: 1 != 2",)
    assert (one.branch, one.commits[0].title) == ("main", "Sell more")


def test_an_outage_is_told_to_the_channel_and_nobody_is_blamed() -> None:
    reporter().on_failure(context(RepositoryUnreachable("no answer")))
    [one] = told()
    assert (one.why, one.commits) == ("no answer", ())


@pytest.mark.parametrize(
    "error", [EnvironmentFrozen("frozen"), PipelineStopped("superseded by abc")]
)
def test_what_a_person_or_a_rule_stopped_is_no_news(error: SlipwayError) -> None:
    for one in (reporter(), reporter(environment="dev")):
        one.on_failure(context(error))
    assert told() == []


def test_a_task_that_stopped_for_anothers_failure_is_no_news() -> None:
    stopped = context(TestsFailed("stopped"), xcoms={STOPPED: ["rehearse_migrations"]})
    reporter().on_failure(stopped)
    assert told() == []


def test_a_dry_run_is_no_news() -> None:
    reporter(environment="dev").on_failure(context(TestsFailed("x"), params={"dry_run": True}))
    assert told() == []


def test_a_release_mends_the_branch_and_names_who_did_it() -> None:
    bad = Result(passed=False, at=time.time() - 60, sha="0" * 40, version="1")
    let_count(artifact_store(), ROUTES, Place(branch="main"), bad)
    reporter(Tells.PASSED).on_success(context(task_id="record_release"))
    _, fixed = told()
    assert fixed.events == (NewsEvent.FIXED,)
    assert 59 < fixed.at - fixed.since < 90
    assert fixed.commits[0].author == "a"


def test_several_tasks_of_one_run_that_fail_are_one_piece_of_news() -> None:
    for task in ("test", "rehearse_migrations", "build_deb"):
        reporter().on_failure(context(TestsFailed("x"), task_id=task))
    assert len(told()) == 1


@pytest.fixture
def swapping() -> Iterator[str]:
    facts = RunFacts(artifact_store(), dag_id="shop", run_id="commit__1")
    facts.begin_swap(VERSION, "1" * 32)
    yield "1" * 32
    facts.forget_swap()


def fail(swap: str) -> None:
    """Note that a deployment began, and that its release did not prove itself."""
    for outcome, why in ((Outcome.STARTED, ""), (Outcome.FAILED, "0 of 2 machines healthy")):
        DeploymentOutcomes(artifact_store()).note(
            swap,
            DeploymentNote(
                release=RECORD.checkout.release,
                environment="dev",
                outcome=outcome,
                at=0.0,
                dag_id="shop",
                run_id="commit__1",
                why=why,
            ),
        )


def test_a_gate_that_stays_shut_is_told_before_the_way_back(swapping: str) -> None:
    fail(swapping)
    sick = context(UnhealthyRelease("sick"), task_id="swap.fleet_healthy")
    reporter(Tells.FAILURE_OF_SWAP, "dev").on_failure(sick)
    [one] = told()
    assert one.events == (NewsEvent.FAILED, NewsEvent.BROKE)
    assert one.why == "fleet_healthy failed: 0 of 2 machines healthy"


def test_a_task_of_a_swap_that_fails_for_something_else_leaves_it_to_the_way_back(
    swapping: str,
) -> None:
    away = context(RepositoryUnreachable("no answer"), task_id="swap.shift_traffic")
    reporter(Tells.FAILURE_OF_SWAP, "dev").on_failure(away)
    assert told() == []


def test_a_gate_of_a_swap_that_never_began_is_told_as_any_task() -> None:
    sick = context(UnhealthyRelease("sick"), task_id="swap.fleet_healthy")
    reporter(Tells.FAILURE_OF_SWAP, "dev").on_failure(sick)
    assert [note.why for note in told()] == ["fleet_healthy: sick"]


def test_a_way_back_that_took_nothing_back_tells_what_failed() -> None:
    reporter(Tells.WAY_BACK, "dev").on_success(context(went_back=False, task_id="swap.roll_back"))
    assert [note.why for note in told()] == ["soak failed; nothing was rolled back"]


def test_whoever_heard_of_a_gate_hears_that_nothing_was_rolled_back(swapping: str) -> None:
    fail(swapping)
    sick = context(UnhealthyRelease("sick"), task_id="swap.soak")
    reporter(Tells.FAILURE_OF_SWAP, "dev").on_failure(sick)
    for _ in "12":
        stays = context(went_back=False, task_id="swap.roll_back")
        reporter(Tells.WAY_BACK, "dev").on_success(stays)
    _, then = told()
    assert (then.events, then.why) == (
        (NewsEvent.FAILED,),
        "soak failed; nothing was rolled back",
    )


def test_a_way_back_of_what_never_began_leaves_the_news_to_what_failed() -> None:
    known = context(went_back=False, task_id="swap.roll_back")
    known["task"].had_begun = False  # a freeze began, or nobody had said yes
    reporter(Tells.WAY_BACK, "dev").on_success(known)
    assert told() == []


def test_a_way_back_that_fails_is_news() -> None:
    one = reporter(Tells.WAY_BACK, "dev")
    one.on_failure(context(UnhealthyRelease("no"), task_id="swap.roll_back"))
    assert [note.why for note in told()] == ["roll_back: no"]


def test_a_store_that_hangs_holds_a_task_up_for_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = context(TestsFailed("x"))
    monkeypatch.setattr(ArtifactStore, "keys", lambda *_: time.sleep(30))
    begun = time.monotonic()
    reporter().on_failure(known)
    assert time.monotonic() - begun < 6
    assert "does not answer" in known["task"].log.lines[0]


@pytest.mark.parametrize("broken", [lambda *_: 1 / 0, lambda *_: None])
def test_a_store_that_fails_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[..., Any]
) -> None:
    known = context(TestsFailed("x"))
    monkeypatch.setattr(ArtifactStore, "keys", broken)
    reporter().on_failure(known)
    assert known["task"].log.lines


def test_whoever_has_to_say_yes_gets_the_plan_and_the_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    catalogue(VERSION)
    proposal = make_proposal(VERSION)
    book = ApprovalBook(artifact_store(), project="shop", environment="dev")
    book.propose(proposal)
    asks = ApprovalNews(routes=ROUTES, repository=NOWHERE, environment="dev")
    known = context(task_id="approve")
    known["ti"].dag_id, known["ti"].run_id = "shop.dev", "manual__1"
    for _ in range(2):
        asks(known)
    [one] = told()
    page = "https://airflow.example.com/dags/shop.dev/runs/manual__1/tasks/approve"
    assert one.url == f"{page}/required_actions"
    assert (one.lines, one.by, one.before) == (proposal.lines, "Bob", "1")


def test_a_skip_is_no_failure() -> None:
    assert not issubclass(AirflowSkipException, SlipwayError)
    assert not hasattr(reporter(), "on_skipped")
