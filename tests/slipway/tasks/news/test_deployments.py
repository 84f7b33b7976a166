"""News of deployments, from what is on record of them."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.failures import FailureReports
from slipway.hooks.store.notes.news import NewsNotes
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.cloud.failure_report import FailureReport, MachineReport
from slipway.model.facts import Release
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.model.git.repository import Repository
from slipway.model.launched import Launched, LaunchSettings
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsNote
from slipway.tasks.news.deployments import DeploymentNews
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.releases import catalogue, make_record

pytestmark = pytest.mark.usefixtures("artifacts")

TEAM = NewsChannel(name="team", kind=ChannelKind.SLACK, connection="team")
ROUTES = NewsRoutes(project="shop", channels=(TEAM,), continuous="dev")
NOWHERE = Repository(url="git://127.0.0.1:9/none")
OLD, NEW = "1.4.0+1.g1111111", "1.4.0+2.g2222222"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


@pytest.fixture
def clock() -> Clock:
    catalogue(OLD, NEW)
    return Clock()


def note(clock: Clock, swap: str, outcome: Outcome, version: str, **more: Any) -> None:
    fields: dict[str, Any] = {
        "release": make_record(version).checkout.release,
        "environment": "prod",
        "outcome": outcome,
        "at": 0.0,
        "dag_id": "shop.prod",
        "run_id": f"run-{swap}",
        "by": "ada",
    }
    outcomes = DeploymentOutcomes(artifact_store(), clock)
    outcomes.note(swap * 32, DeploymentNote(**(fields | more)))


def deploy(clock: Clock, swap: str, version: str, **more: Any) -> None:
    note(clock, swap, Outcome.STARTED, version, **more)
    note(clock, swap, Outcome.SUCCEEDED, version, serves=version)


def roll_back(clock: Clock, swap: str, version: str, to: str, why: str, **more: Any) -> None:
    note(clock, swap, Outcome.STARTED, version)
    note(clock, swap, Outcome.FAILED, version, why=why, tasks=("fleet_healthy",))
    note(clock, swap, Outcome.ROLLED_BACK, version, serves=to, **more)


def tell(since: float = 0.0, run: tuple[str, str] | None = None, gate: str = "") -> int:
    news = DeploymentNews(
        store=artifact_store(), routes=ROUTES, environment="prod", repository=NOWHERE, patience=0.1
    )
    return news.tell(since=since, run=run, gate=gate)


def told() -> list[NewsNote]:
    return list(NewsNotes(artifact_store()).waiting(pytest.fail))


def test_a_deployment_is_told_once_whoever_looks(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    deploy(clock, "b", NEW, approved_by="bob")
    assert (tell(), tell(), tell(run=("shop.prod", "run-b"))) == (2, 0, 0)
    first, second = told()
    assert (first.events, first.version, first.before) == ((NewsEvent.DEPLOYED,), OLD, "")
    assert (second.version, second.before, second.by) == (NEW, OLD, "ada, approved by bob")
    assert second.commits[0].title == "Sell more"


def keep_report() -> None:
    machine = MachineReport(
        instance_id="i-1",
        journal=("starting", "shop[1]: ConnectionError: no route to db", "stopped"),
    )
    report = FailureReport(
        project="shop",
        environment="prod",
        version=NEW,
        group="g",
        run_id="run-b",
        task="fleet_healthy",
        why="",
        at=0.0,
        ill=("i-1", "i-2"),
        machines=(machine,),
    )
    FailureReports(artifact_store()).keep(report)


def test_a_roll_back_names_its_gate_the_value_and_what_the_machine_said(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    roll_back(clock, "b", NEW, OLD, "the alarm shop-5xx is on: 7 > 5")
    keep_report()
    tell()
    one = told()[1]
    assert one.events == (NewsEvent.ROLLED_BACK, NewsEvent.BROKE)
    assert (one.version, one.before) == (NEW, OLD)
    assert one.why == "fleet_healthy failed: the alarm shop-5xx is on: 7 > 5"
    assert one.lines[0] == "i-1: shop[1]: ConnectionError: no route to db"
    assert one.lines[1] == "1 more machines are ill"
    assert not one.by_hand


def test_a_release_that_fails_is_told_at_once_and_again_when_it_is_gone(clock: Clock) -> None:
    own = ("shop.prod", "run-b")
    deploy(clock, "a", OLD)
    tell()
    note(clock, "b", Outcome.STARTED, NEW)
    note(clock, "b", Outcome.FAILED, NEW, why="0 of 2 machines healthy")
    keep_report()
    assert [tell(run=own, gate="fleet_healthy") for _ in "12"] == [1, 0]
    note(clock, "b", Outcome.ROLLED_BACK, NEW, serves=OLD, tasks=("fleet_healthy",))
    assert tell(run=own) == 1
    _, failed, back = told()
    assert failed.events == (NewsEvent.FAILED, NewsEvent.BROKE)
    assert (failed.version, failed.before, failed.by) == (NEW, OLD, "ada")
    assert failed.why == "fleet_healthy failed: 0 of 2 machines healthy"
    assert failed.lines[0] == "i-1: shop[1]: ConnectionError: no route to db"
    assert back.events == (NewsEvent.ROLLED_BACK,)
    assert (back.why, back.lines) == (failed.why, failed.lines)


def test_what_failed_and_never_went_back_is_no_news_of_housekeepings(clock: Clock) -> None:
    """It notes so of swaps whose end nobody knows."""
    deploy(clock, "a", OLD)
    note(clock, "b", Outcome.FAILED, NEW, why="its run ended", by="housekeeping")
    assert tell() == 1


def test_a_person_who_goes_back_is_named(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    deploy(clock, "b", NEW)
    deploy(clock, "c", OLD, by="bob", why="the basket is empty")
    tell()
    one = told()[2]
    assert one.events == (NewsEvent.ROLLED_BACK,)
    assert one.by_hand
    assert (one.version, one.before) == (NEW, OLD)
    assert (one.by, one.why) == ("bob", "the basket is empty")


def test_housekeeping_that_ended_a_swap_is_told_too(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    note(clock, "b", Outcome.STARTED, NEW)
    assert tell() == 1
    why = "its run ended before its swap did"
    note(clock, "b", Outcome.ROLLED_BACK, NEW, serves=OLD, by="housekeeping", why=why)
    assert tell() == 1
    assert told()[1].why == why


def test_a_repair_says_how_long_it_was_broken(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    roll_back(clock, "b", NEW, OLD, "sick")
    roll_back(clock, "c", NEW, OLD, "sick again")
    deploy(clock, "d", NEW)
    tell()
    assert [one.events for one in told()] == [
        (NewsEvent.DEPLOYED,),
        (NewsEvent.ROLLED_BACK, NewsEvent.BROKE),
        (NewsEvent.ROLLED_BACK,),
        (NewsEvent.DEPLOYED, NewsEvent.FIXED),
    ]
    fixed = told()[3]
    assert fixed.at - fixed.since == 50.0


def test_what_was_before_anybody_asked_is_no_news(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    deploy(clock, "b", NEW)
    assert tell(since=clock.now + 1) == 0
    assert tell(since=clock.now + 1, run=("shop.prod", "run-b")) == 1


def test_an_outcome_that_is_found_late_is_told_and_changes_no_memory(clock: Clock) -> None:
    deploy(clock, "a", OLD)
    roll_back(clock, "b", NEW, OLD, "sick")
    deploy(clock, "c", NEW)
    assert tell(since=clock.now) == 1
    assert tell() == 2
    assert sorted(one.events for one in told()) == sorted(
        [(NewsEvent.DEPLOYED,), (NewsEvent.ROLLED_BACK,), (NewsEvent.DEPLOYED,)]
    )


def test_other_settings_are_a_deployment_and_going_back_from_them_is_a_way_back(
    clock: Clock,
) -> None:
    name = f"{OLD}@0123abcd"
    Editions(artifact_store()).note(
        Launched(
            release=_release(name),
            environment="prod",
            settings=LaunchSettings.of(make_target()),
            replaces=OLD,
        )
    )
    deploy(clock, "a", OLD)
    note(clock, "b", Outcome.STARTED, OLD, release=_release(name))
    note(clock, "b", Outcome.SUCCEEDED, OLD, release=_release(name), serves=name)
    deploy(clock, "c", OLD, by="bob")
    tell()
    events = [one.events for one in told()]
    assert events == [(NewsEvent.DEPLOYED,), (NewsEvent.DEPLOYED,), (NewsEvent.ROLLED_BACK,)]
    assert (told()[1].version, told()[2].version) == (name, name)


def _release(version: str) -> Release:
    return Release(project="shop", sha="a" * 40, version=version)
