"""A deployment waits for its time without a worker, and begins then only as it was planned."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from slipway.model.controls import Action
from slipway.operators import swap
from slipway.policies.freeze_windows import FreezeWindow
from slipway.policies.planned_time import read
from slipway.triggers.clock import ClockTrigger
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image
from tests.slipway.operators.at_a_time.timed import ASKS, ASKS_NOBODY, Timed, in_a, say
from tests.slipway.operators.releases import catalogue

pytestmark = pytest.mark.usefixtures("artifacts")
# In production's calendar everything but the day after tomorrow, say.
FROZEN = FreezeWindow(begin="2020-01-01T00:00", until="2099-01-01T00:00", zone="UTC", reason="ads")


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    catalogue("1", "2", "3")
    deploy(cloud, "1")
    return cloud


def refused(timed: Timed, at: str, words: str, **params: Any) -> None:
    with pytest.raises(AirflowFailException, match=words):
        timed.wait(at, again=True, **params)


def test_a_run_without_a_time_goes_on_at_once_and_plans_nothing() -> None:
    timed = Timed()
    timed.wait("")
    timed.image.look.assert_not_called()
    assert timed.said == {}


@pytest.mark.parametrize("admission", [ASKS, ASKS_NOBODY])
def test_it_leaves_the_worker_until_its_time(admission: Any) -> None:
    timed, at = Timed(admission), in_a(days=3)
    timed.plan(at)
    with pytest.raises(TaskDeferred) as left:
        timed.wait(at)
    trigger = left.value.trigger
    assert isinstance(trigger, ClockTrigger)
    assert trigger.until == read(at).seconds
    assert (trigger.project, trigger.environment, trigger.run_id) == ("shop", "dev", "manual__1")
    assert left.value.method_name == "resume"
    assert left.value.timeout is not None
    assert 70 < left.value.timeout.total_seconds() / 3600 < 74
    told = timed.said["waits"]
    assert (told["reason"], told["words"]) == ("time", f"until {at}")
    assert told["until"] == read(at).seconds
    # Whatever fired it too soon: the clock decides.
    with pytest.raises(TaskDeferred):
        timed.wait(at, again=True)


def test_what_still_holds_goes_on_at_its_time() -> None:
    timed, at = Timed(ASKS), in_a(minutes=-1)
    timed.begin(at)
    timed.approve()
    timed.wait(at, again=True)
    assert timed.said["waits"] == {}
    assert "departures" not in timed.said
    assert timed.proposal().at == at


def test_the_plan_says_the_time_and_nobody_is_asked_where_nobody_has_to_be() -> None:
    timed, at = Timed(), in_a(days=1)
    timed.plan(at)
    assert ASKS_NOBODY.book.proposal("shop.dev", "manual__1") is None
    asked = Timed(ASKS)
    asked.plan(at)
    assert asked.proposal().lines[:2] == ("release: 2, in place of 1", f"at: {at}")


def _replaced(timed: Timed, cloud: FakeFleetCloud) -> None:
    deploy(cloud, "3")


def _other_image(timed: Timed, cloud: FakeFleetCloud) -> None:
    timed.image.look.return_value = (make_image("2"), "bakes shop-2-def on ami-base2")


def _other_schema(timed: Timed, cloud: FakeFleetCloud) -> None:
    timed.schema.look.return_value = "2, applies nothing"


@pytest.mark.parametrize("admission", [ASKS, ASKS_NOBODY])
@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (_replaced, ["- release: 2, in place of 1", "+ release: 2, in place of 3"]),
        (
            _other_image,
            [
                "- image: uses shop-2-abc (ami-2), which is there",
                "+ image: bakes shop-2-def on ami-base2",
            ],
        ),
        (_other_schema, ["- schema: 1 -> 2, applies 2_x.sql", "+ schema: 2, applies nothing"]),
    ],
)
def test_what_no_longer_holds_ends_it_with_the_difference(
    cloud: FakeFleetCloud, happens: Any, told: list[str], admission: Any
) -> None:
    timed, at = Timed(admission), in_a(minutes=-1)
    timed.begin(at)
    happens(timed, cloud)
    with pytest.raises(AirflowFailException, match="no longer holds") as ended:
        timed.wait(at, again=True)
    assert timed.said["departures"][:2] == told
    assert all(f"\n  {line}" in str(ended.value) for line in told)
    assert "nothing was changed" in str(ended.value)


@pytest.mark.parametrize(
    ("action", "more", "words"),
    [
        (Action.HOLD, {}, "held by ann"),
        (Action.STOP, {}, "the line is stopped for shop dev by ann"),
        (Action.STOP, {"environment": ""}, "the line is stopped for shop by ann"),
        (Action.REJECT, {"version": "2"}, "2 was rejected by ann"),
        (Action.CANCEL, {}, "was cancelled by ann"),
        (Action.CANCEL, {"run": "manual__1"}, "was cancelled by ann"),
    ],
)
def test_what_people_said_meanwhile_counts_at_its_time(
    action: Action, more: dict[str, str], words: str
) -> None:
    timed, at = Timed(), in_a(minutes=-1)
    timed.begin(at)
    say(action, **more)
    refused(timed, at, words)
    timed.schema.look.assert_called_once()


def test_before_its_time_only_a_cancellation_ends_the_wait() -> None:
    timed, at = Timed(), in_a(days=1)
    timed.plan(at)
    say(Action.HOLD, "c1")
    say(Action.STOP, "c2")
    say(Action.CANCEL, "c3", run="another")
    with pytest.raises(TaskDeferred):
        timed.wait(at)
    say(Action.CANCEL, "c4", run="manual__1")
    refused(timed, at, "was cancelled by ann on .*: it loses orders(?s:.*)trigger a new run")
    # Nor does clearing it bring it back.
    with pytest.raises(AirflowFailException, match="was cancelled by ann"):
        timed.wait(at)


def test_a_hold_is_told_in_the_plan_and_one_that_was_ended_since_stops_nothing() -> None:
    timed, at = Timed(ASKS), in_a(minutes=-1)
    say(Action.HOLD, "c1")
    timed.begin(at)
    lines = timed.proposal().lines
    assert "warning: unless somebody resumes it before its time, it does not begin then" in lines
    say(Action.RESUME, "c2")
    timed.wait(at, again=True)


@pytest.mark.parametrize(("hours", "warned"), [(2, True), (0.5, False)])
def test_a_way_back_whose_warm_machines_are_gone_by_then_is_told_in_the_plan(
    hours: float, warned: bool, cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "2", keep_old=3600.0)
    deploy(cloud, "3", keep_old=3600.0)
    warm = replace(cloud.groups["shop-dev-2"], standby_until=int(time.time()) + 3600)
    cloud.groups[warm.name] = warm
    timed = Timed(ASKS)
    timed.plan(in_a(hours=hours))
    told = [one for one in timed.proposal().lines if "kept warm until" in one]
    assert [one.startswith("warning: shop-dev-2 is kept warm") for one in told] == [True] * warned


def test_a_freeze_counts_at_its_time_and_may_be_overridden() -> None:
    timed, at = Timed(windows=(FROZEN,)), in_a(minutes=-1)
    timed.begin(at)
    refused(timed, at, "frozen by .*ads")
    timed.wait(at, again=True, override_freeze="the checkout is down")


def test_a_time_that_passed_while_nothing_could_begin_is_told() -> None:
    timed, at = Timed(), in_a(minutes=-62)
    timed.begin(at)
    refused(timed, at, "passed without it(?s:.*)trigger a new run")
    timed.schema.look.assert_called_once()


@pytest.mark.parametrize("admission", [ASKS, ASKS_NOBODY])
def test_without_a_plan_of_before_nothing_begins(admission: Any) -> None:
    refused(Timed(admission), in_a(minutes=-1), "nothing was planned|signed nothing in this run")
