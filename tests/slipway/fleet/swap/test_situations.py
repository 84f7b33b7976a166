"""Every situation that a swap may find itself in, through the whole loop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.exceptions import CloudUnavailable, UnhealthyRelease
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.goals import Goal
from slipway.model.cloud.answer import Answer
from slipway.model.fleet import SCALING
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.prober import FakeProber
from tests.slipway.fleet.worlds import (
    DEPLOY,
    deploy,
    make_group,
    make_swap,
    nothing_is_orphaned,
    serving,
)

OLD, NEW = "shop-dev-1", "shop-dev-2"
QUOTA = "You have requested more vCPU capacity than your current vCPU limit of 8 allows"
NO_ROOM = "We currently do not have sufficient t3.micro capacity in eu-west-1a"


@pytest.fixture
def cloud() -> FakeFleetCloud:
    """Release 1 serves with two machines."""
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    deploy(cloud, "1")
    cloud.faults.lowest = 2
    return cloud


def _go(cloud: FakeFleetCloud, version: str, *wishes: Goal, **more: Any) -> list[str]:
    log: list[str] = []
    for wish in wishes:
        make_swap(cloud, version, log=log, **more).converge(wish, timeout=100)
    return log


def _told(log: list[str], words: str) -> bool:
    return any(words in line for line in log)


def _answering(cloud: FakeFleetCloud, version: str) -> FakeProber:
    """Ask machines directly: those of a good release answer well."""

    def probe(addresses: list[str], **_: Any) -> list[Answer]:
        good = version in cloud.healthy
        said = "HTTP 200" if good else "HTTP 503"
        return [Answer(address=one, healthy=good, said=said) for one in addresses]

    return FakeProber(machines=probe)


def test_the_first_release_ever() -> None:
    cloud = FakeFleetCloud(healthy={"1"})
    assert _told(_go(cloud, "1", *DEPLOY), "nothing serves yet")
    assert serving(cloud) == ["1"]


def test_the_same_version_again(cloud: FakeFleetCloud) -> None:
    calls = len(cloud.calls)
    assert _told(_go(cloud, "1", *DEPLOY), "is there already")
    assert len(cloud.calls) == calls


def test_a_release_while_a_standby_is_warm(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "2", keep_old=300.0)
    log = _go(cloud, "3", *DEPLOY, keep_old=300.0)
    assert _told(log, "kept 300 s for a fast way back")
    assert serving(cloud) == ["3"]
    standbys = {name for name, one in cloud.groups.items() if one.standby_until}
    assert standbys == {OLD, NEW}
    nothing_is_orphaned(cloud)
    _go(cloud, "", Goal.STANDBYS_RETIRED, now=3000.0)
    cloud.observe()
    assert list(cloud.groups) == ["shop-dev-3"]


def test_two_failed_releases_in_a_row(cloud: FakeFleetCloud) -> None:
    for bad in ("bad", "worse"):
        log = _go(cloud, bad, Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
        assert _told(log, "its release failed")
    cloud.observe()
    assert list(cloud.groups) == [OLD]
    assert cloud.faults.lowest == 2


def test_two_failed_releases_at_once(cloud: FakeFleetCloud) -> None:
    """The first one's roll back never ran."""
    _go(cloud, "bad", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    _go(cloud, "worse", Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
    deploy(cloud, "2")
    assert serving(cloud) == ["2"]
    nothing_is_orphaned(cloud)


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_the_live_group_is_resized_between_two_steps(
    cloud: FakeFleetCloud, size: int, after: int
) -> None:
    for step, wish in enumerate((*DEPLOY[:2], None)):
        if step == after:
            cloud.resize(OLD, (1, size, 4))
            for _ in range(3):
                cloud.observe()
            cloud.faults.lowest = size
        if wish is not None:
            _go(cloud, "2", wish)
    log = _go(cloud, "2", Goal.OLD_RETIRED)
    assert cloud.faults.lowest == size
    assert cloud.groups[NEW].serving >= size
    assert serving(cloud) == ["2"]
    if size == 4 and after > 0:
        assert _told(log, "it takes 4 machines to carry the traffic")


def test_the_live_group_was_suspended_by_hand(cloud: FakeFleetCloud) -> None:
    theirs = frozenset({"AlarmNotification", "Terminate"})
    cloud.groups[OLD] = replace(cloud.groups[OLD], suspended=theirs)
    _go(cloud, "bad", Goal.LAUNCHED, Goal.ROLLED_BACK)
    assert cloud.groups[OLD].suspended == theirs


@pytest.mark.parametrize("after", [1, 2])
def test_the_live_group_is_deleted_by_hand(cloud: FakeFleetCloud, after: int) -> None:
    cloud.faults.lowest = None
    _go(cloud, "2", *DEPLOY[:after])
    del cloud.groups[OLD]
    _go(cloud, "2", *DEPLOY[after:])
    assert serving(cloud) == ["2"]
    nothing_is_orphaned(cloud)


def test_the_live_group_is_deleted_between_a_look_and_the_change(cloud: FakeFleetCloud) -> None:
    swap = make_swap(cloud, "2")
    step = swap.plan(swap.observe(), Goal.LAUNCHED)
    del cloud.groups[OLD]
    for action in step.actions:
        swap.apply(action)
    assert NEW in cloud.groups


def test_the_new_group_is_deleted_by_hand(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.LAUNCHED)
    del cloud.groups[NEW]
    with pytest.raises(UnhealthyRelease, match="shop-dev-2 is gone"):
        _go(cloud, "2", Goal.IN_TRAFFIC)
    _go(cloud, "2", Goal.ROLLED_BACK)
    assert serving(cloud) == ["1"]
    nothing_is_orphaned(cloud)


@pytest.mark.parametrize("name", [OLD, NEW])
@pytest.mark.parametrize("after", [1, 2])
def test_a_machine_dies(cloud: FakeFleetCloud, name: str, after: int) -> None:
    _go(cloud, "2", *DEPLOY[:after])
    for _ in range(3):
        cloud.observe()
    group = cloud.groups[name]
    cloud.groups[name] = replace(group, machines=group.machines[1:])
    before = cloud.faults.lowest = min(2, cloud.serving)
    _go(cloud, "2", *DEPLOY[after:])
    assert cloud.faults.lowest == before
    assert cloud.groups[NEW].serving == 2
    assert serving(cloud) == ["2"]


def test_a_machine_of_the_old_one_dies_before_the_way_back(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    cloud.groups[OLD] = replace(cloud.groups[OLD], machines=cloud.groups[OLD].machines[1:])
    log = _go(cloud, "2", Goal.ROLLED_BACK)
    assert _told(log, "1 of 2 machines of shop-dev-1 serve, so shop-dev-2 stays")
    assert cloud.faults.lowest == 2
    assert cloud.groups[OLD].serving == 2


def test_a_quota_is_told_at_once_and_what_was_started_is_removed(cloud: FakeFleetCloud) -> None:
    cloud.refusal = QUOTA
    _go(cloud, "2", Goal.LAUNCHED)
    with pytest.raises(UnhealthyRelease, match=r"0 of 2 machines .*current vCPU limit of 8"):
        evaluate(Gate.HEALTHY, make_swap(cloud, "2"), waited=0.5)
    _go(cloud, "2", Goal.ROLLED_BACK)
    cloud.observe()
    assert list(cloud.groups) == [OLD]
    assert cloud.templates == {OLD}
    assert cloud.faults.lowest == 2


def test_a_lack_of_capacity_gets_half_a_minute(cloud: FakeFleetCloud) -> None:
    cloud.refusal = NO_ROOM
    _go(cloud, "2", Goal.LAUNCHED)
    assert not evaluate(Gate.HEALTHY, make_swap(cloud, "2"), waited=29).passed
    with pytest.raises(UnhealthyRelease, match=r"do not have sufficient t3\.micro capacity"):
        evaluate(Gate.HEALTHY, make_swap(cloud, "2"), waited=31)


def test_it_boots_but_never_serves(cloud: FakeFleetCloud) -> None:
    _go(cloud, "bad", Goal.LAUNCHED)
    cloud.observe()
    swap = make_swap(cloud, "bad", prober=_answering(cloud, "bad"))
    assert not evaluate(Gate.HEALTHY, swap, waited=59).passed
    with pytest.raises(UnhealthyRelease, match="HTTP 503"):
        evaluate(Gate.HEALTHY, swap, waited=61)
    _go(cloud, "bad", Goal.ROLLED_BACK)
    assert serving(cloud) == ["1"]


def test_a_balancer_that_fails_open(cloud: FakeFleetCloud) -> None:
    """With every target unhealthy it sends requests to all: none of the old ones may leave."""
    cloud.faults.lowest = None
    cloud.healthy.clear()
    _go(cloud, "2", Goal.LAUNCHED)
    cloud.observe()
    swap = make_swap(cloud, "2", prober=_answering(cloud, "2"))
    assert not evaluate(Gate.HEALTHY, swap, waited=1).passed
    _go(cloud, "2", Goal.IN_TRAFFIC)
    for wish in (Goal.OLD_RETIRED, Goal.ROLLED_BACK):
        with pytest.raises(CloudUnavailable):
            make_swap(cloud, "2").converge(wish, timeout=20)
        assert cloud.groups[OLD].attached
    cloud.healthy |= {"1", "2"}
    _go(cloud, "2", Goal.ROLLED_BACK)
    assert serving(cloud) == ["1"]


@pytest.mark.parametrize("drain", [1, 20])
def test_connections_last_as_long_as_the_balancer_lets_them(
    cloud: FakeFleetCloud, drain: int
) -> None:
    """Its own delay ends those that are longer; nobody here waits longer, or less."""
    cloud.drain = drain
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.OLD_RETIRED)
    assert cloud.faults.cut == []
    assert cloud.drained[OLD] <= drain + 2


def test_a_fleet_that_slipway_did_not_make(cloud: FakeFleetCloud) -> None:
    cloud.groups = {"by-hand": make_group(None, size=3)}
    cloud.healthy.add(None)
    cloud.faults.lowest = 3
    log = _go(cloud, "2", *DEPLOY)
    assert _told(log, "by-hand has 3 machines now")
    assert cloud.faults.lowest == 3
    assert (cloud.groups["by-hand"].attached, len(cloud.groups["by-hand"].machines)) == (False, 3)
    assert not cloud.groups["by-hand"].suspended | cloud.groups["by-hand"].held


def test_the_way_back_to_a_fleet_that_slipway_did_not_make(cloud: FakeFleetCloud) -> None:
    cloud.groups = {"by-hand": make_group(None, size=3)}
    cloud.healthy.add(None)
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
    assert serving(cloud) == [None]
    assert not cloud.groups["by-hand"].suspended & SCALING


def test_scaling_out_during_the_soak_is_no_breach(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    cloud.groups[NEW] = replace(cloud.groups[NEW], desired=4)
    soaking = make_swap(cloud, "2", soak=30.0)
    assert evaluate(Gate.SOAK, soaking, waited=5).message == "2 machines serve, 5 of 30 s"
    assert evaluate(Gate.SOAK, soaking, waited=30).passed


def test_scaling_in_during_the_soak_is_no_breach(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    cloud.groups[NEW] = replace(cloud.groups[NEW], desired=1)
    assert not evaluate(Gate.SOAK, make_swap(cloud, "2", soak=30.0), waited=5).passed


def test_a_machine_lost_during_the_soak_is_a_breach(cloud: FakeFleetCloud) -> None:
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    cloud.groups[NEW] = replace(cloud.groups[NEW], machines=cloud.groups[NEW].machines[1:])
    with pytest.raises(UnhealthyRelease, match="only 1 of 2 machines serve"):
        evaluate(Gate.SOAK, make_swap(cloud, "2", soak=30.0), waited=5)
