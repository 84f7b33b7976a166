"""A forecast against what the real loop then does to a cloud in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipway.fleet.forecast import forecast
from slipway.fleet.goals import ActionKind, Goal
from slipway.fleet.imagination import EFFECTS
from slipway.model.target import Canary
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import DEPLOY, deploy, make_group, make_swap

World = Callable[[FakeFleetCloud], None]


def nothing(cloud: FakeFleetCloud) -> None:
    """The first release ever."""


def one_serves(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")


def it_serves_already(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "2")


def grown_and_held(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    cloud.resize("shop-dev-1", (1, 4, 4))
    cloud.suspend_scaling("shop-dev-1", frozenset({"AlarmNotification"}))


def it_is_a_warm_standby(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "2", keep_old=3600.0)
    deploy(cloud, "1", keep_old=3600.0)


def two_failed_before(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    for version in ("8", "9"):
        group = make_group(version, attached=False, live_since=None)
        cloud.groups[group.name] = group
        cloud.templates |= {group.name, f"orphan-{version}"}


def made_by_hand(cloud: FakeFleetCloud) -> None:
    group = make_group(None)
    cloud.groups[group.name] = group
    cloud.healthy.add(None)


def of_an_earlier_bake(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    group = make_group("2", attached=False, live_since=None, image_id="ami-old")
    cloud.groups[group.name] = group
    cloud.templates.add(group.name)


WORLDS: list[World] = [
    nothing,
    one_serves,
    it_serves_already,
    grown_and_held,
    it_is_a_warm_standby,
    two_failed_before,
    made_by_hand,
    of_an_earlier_bake,
]


def done_by(cloud: FakeFleetCloud, **more: Any) -> list[tuple[ActionKind, str]]:
    """Run the swap for good, and list what it did."""
    log: list[str] = []
    swap = make_swap(cloud, "2", log=log, **more)
    first = (Goal.CANARY, Goal.IN_TRAFFIC) if swap.target.canary else ()
    for wish in (*first, *DEPLOY):
        swap.converge(wish, timeout=100)
    done = [line.removeprefix("did: ") for line in log if line.startswith("did: ")]
    verbs = sorted(ActionKind, key=lambda verb: -len(verb.value))
    return [
        (verb, line.removeprefix(f"{verb.value} "))
        for line in done
        for verb in [next(verb for verb in verbs if line.startswith(f"{verb.value} "))]
    ]


@pytest.mark.parametrize("canary", [None, Canary()], ids=["all at once", "canary"])
@pytest.mark.parametrize("keep_old", [0.0, 300.0])
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.__name__)
def test_what_is_foreseen_is_what_happens(
    world: World, keep_old: float, canary: Canary | None
) -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    world(cloud)
    for _ in range(3):  # until everything has come to rest
        fleet = cloud.observe()
    calls = len(cloud.calls)
    more: dict[str, Any] = {"keep_old": keep_old, "canary": canary}
    foreseen = list(forecast(make_swap(cloud, "2", **more).situation(fleet, Goal.OLD_RETIRED)))
    assert len(cloud.calls) == calls, "a forecast changes nothing"
    actions = [one.action for one in foreseen if one.action]
    assert [(one.verb, one.group) for one in actions] == done_by(cloud, **more)


def test_a_canary_is_part_of_the_story() -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "1")
    lines = said(cloud, canary=Canary(soak=45.0))
    assert lines[0].startswith("launch shop-dev-2 (1 machines, 1 to 4), because a canary comes fir")
    assert lines[1] == "wait until the canary is healthy when asked directly, 60 s at most"
    assert lines[3] == "wait until the canary is in service, then watch it for 45 s"
    assert lines[5].startswith("resize shop-dev-2 (2 machines, 1 to 4), because it takes 2")


def said(cloud: FakeFleetCloud, **more: Any) -> list[str]:
    fleet = cloud.observe()
    ahead = make_swap(cloud, "2", **more).situation(fleet, Goal.OLD_RETIRED)
    return [one.said for one in forecast(ahead)]


def test_it_reads_as_a_story_with_its_gates() -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "1")
    lines = said(cloud, keep_old=300.0, soak=30.0)
    assert lines[1] == (
        "launch shop-dev-2 (2 machines, 1 to 4), because shop-dev-1 has 2 machines now"
    )
    assert lines[2] == "wait until each machine is healthy when asked directly, 60 s at most"
    assert lines[4] == "wait until the balancer has each in service, then watch for 30 s"
    assert any(line.startswith("keep warm shop-dev-1, because kept 300 s") for line in lines)


@pytest.mark.parametrize("canary", [None, Canary()])
def test_a_standby_that_comes_back_is_not_watched(canary: Canary | None) -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "2", keep_old=2**40)
    deploy(cloud, "1", keep_old=2**40)
    lines = said(cloud, keep_old=300.0, soak=30.0, canary=canary)
    assert any(line.endswith("no soak, since it served alone before") for line in lines)
    assert not any("watch" in line or "canary" in line for line in lines)


def test_it_ends_where_the_release_is_to_come() -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "1")
    ahead = make_swap(cloud, "2").situation(cloud.observe(), Goal.LAUNCHED)
    actions = [one.action.verb for one in forecast(ahead) if one.action]
    assert actions == [ActionKind.SUSPEND_SCALING, ActionKind.LAUNCH]


def test_a_slow_start_is_waited_for_before_the_old_one_goes() -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"}, slow_start=90)
    deploy(cloud, "1")
    fleet = cloud.observe(detailed=True)
    foreseen = list(forecast(make_swap(cloud, "2").situation(fleet, Goal.OLD_RETIRED)))
    verbs = [one.action.verb for one in foreseen if one.action]
    assert (
        verbs.index(ActionKind.MARK_LIVE)
        < verbs.index(ActionKind.DETACH)
        < verbs.index(ActionKind.DELETE)
    )


def test_a_release_that_serves_already_leaves_nothing_to_do() -> None:
    cloud = FakeFleetCloud(healthy={"2"})
    deploy(cloud, "2")
    lines = said(cloud)
    assert "nothing to do: shop-dev-2 is there already" in lines
    assert "nothing to do: shop-dev-2 is in the balancer already" in lines
    assert not any("because" in line for line in lines)


def test_every_verb_has_its_effect() -> None:
    # Of the way back, and of housekeeping: no forecast gets there.
    never = {ActionKind.KEEP_FAILED, ActionKind.END_FAILED}
    assert {
        *EFFECTS,
        *never,
        ActionKind.LAUNCH,
        ActionKind.DELETE,
        ActionKind.DELETE_TEMPLATE,
        ActionKind.CARRY_OVER,
        ActionKind.TAKE_OVER,
    } == set(ActionKind)
