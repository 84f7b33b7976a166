"""One ill machine of a failed release stays for somebody to look at, and for no longer."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured, LeaseHeld, SlipwayError
from slipway.fleet.goals import ActionKind, Goal, Plan
from slipway.fleet.plan import plan
from slipway.fleet.swap import Swap
from slipway.model.fleet import Fleet, KeptMachine
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import (
    NAME,
    NOW,
    deploy,
    did,
    make_group,
    make_plan,
    make_situation,
    make_swap,
    make_target,
    nothing_is_orphaned,
    serving,
)

KEEP: dict[str, Any] = {"keep_failed": 3600.0, "desired_size": 2}


def _failed(cloud: FakeFleetCloud, version: str = "bad") -> None:
    make_swap(cloud, version, **KEEP).converge(Goal.LAUNCHED, timeout=100)


def _back(cloud: FakeFleetCloud, version: str = "bad", **more: Any) -> Swap:
    return make_swap(cloud, version, **(KEEP | more))


@pytest.fixture
def cloud() -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1"})
    deploy(cloud, "1")
    _failed(cloud)
    return cloud


def test_it_is_named_in_the_log_and_everything_else_goes(cloud: FakeFleetCloud) -> None:
    log: list[str] = []
    _back(cloud, log=log).converge(Goal.ROLLED_BACK, timeout=100)
    [kept] = cloud.kept.values()
    assert kept.version == "bad"
    assert NOW + 3600 <= kept.until < NOW + 4000
    assert any(f"{kept.instance_id} stays until 1970-01-01" in line for line in log)
    assert serving(cloud) == ["1"]
    cloud.observe()
    nothing_is_orphaned(cloud)
    assert [group.version for group in cloud.groups.values()] == ["1"]


def test_without_the_word_nothing_stays(cloud: FakeFleetCloud) -> None:
    make_swap(cloud, "bad").converge(Goal.ROLLED_BACK, timeout=100)
    assert cloud.kept == {}


def test_the_ill_one_stays_and_not_the_one_beside_it(cloud: FakeFleetCloud) -> None:
    cloud.observe()
    ill = cloud.groups["shop-dev-bad"].machines[1].instance_id
    swap = Swap(**{**_fields(_back(cloud)), "ill": (ill,)})
    swap.converge(Goal.ROLLED_BACK, timeout=100)
    assert list(cloud.kept) == [ill]


def test_of_a_release_with_nobody_ill_nothing_stays(cloud: FakeFleetCloud) -> None:
    """Somebody stopped the run."""
    swap = Swap(**{**_fields(_back(cloud)), "ill": ()})
    swap.converge(Goal.ROLLED_BACK, timeout=100)
    assert cloud.kept == {}


def _fields(swap: Swap) -> dict[str, Any]:
    names = ("cloud", "prober", "target", "image", "log", "clock", "sleep")
    return {name: getattr(swap, name) for name in names}


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("at", range(4))
def test_a_crash_at_any_call_keeps_one_and_leaves_nothing(
    cloud: FakeFleetCloud, at: int, applied: bool
) -> None:
    cloud.faults.crash_at, cloud.faults.applied = len(cloud.calls) + at, applied
    for _ in range(3):
        try:
            _back(cloud).converge(Goal.ROLLED_BACK, timeout=100)
        except Crash:
            continue
    assert len(cloud.kept) == 1
    cloud.observe()
    nothing_is_orphaned(cloud)
    made = len(cloud.calls)
    _back(cloud).converge(Goal.ROLLED_BACK, timeout=100)
    assert len(cloud.calls) == made


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize("trouble", [EnvironmentMisconfigured, CloudUnavailable])
def test_a_role_that_may_not_keep_it_goes_back_all_the_same(
    cloud: FakeFleetCloud,
    monkeypatch: pytest.MonkeyPatch,
    trouble: type[SlipwayError],
    tagged: bool,
) -> None:
    """Its policies are older than the word in the project file."""
    cloud.observe()
    first = cloud.groups["shop-dev-bad"].machines[0].instance_id
    if tagged:
        mark = KeptMachine(instance_id=first, version="bad", until=2**40, grouped=True)
        cloud.kept[first] = mark

    def refuse(*_: Any) -> None:
        msg = "DetachInstances was refused: AccessDenied"
        raise trouble(msg)

    monkeypatch.setattr(cloud, "keep_failed", refuse)
    log: list[str] = []
    _back(cloud, log=log).converge(Goal.ROLLED_BACK, timeout=100)
    assert [line for line in log if "cannot be kept, so it goes as well: DetachInst" in line]
    assert serving(cloud) == ["1"]
    assert [group.version for group in cloud.observe().groups if not group.deleting] == ["1"]


def test_whose_turn_it_is_not_keeps_nothing(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        msg = "somebody else is changing this environment"
        raise LeaseHeld(msg)

    monkeypatch.setattr(cloud, "keep_failed", refuse)
    with pytest.raises(LeaseHeld):
        _back(cloud).converge(Goal.ROLLED_BACK, timeout=100)
    assert "shop-dev-bad" in cloud.groups


def test_housekeeping_ends_it_when_its_time_is_over(cloud: FakeFleetCloud) -> None:
    _back(cloud).converge(Goal.ROLLED_BACK, timeout=100)
    early = make_swap(cloud, "", now=NOW + 3000)
    early.converge(Goal.STANDBYS_RETIRED, timeout=100)
    assert len(cloud.kept) == 1
    # Whatever the project file says by now.
    late = make_swap(cloud, "", now=NOW + 4000)
    late.converge(Goal.STANDBYS_RETIRED, timeout=100)
    assert cloud.kept == {}


def test_it_is_no_capacity_and_in_nobodys_way(cloud: FakeFleetCloud) -> None:
    """The same version comes again, mended by a parameter, while the kept one is looked at."""
    _back(cloud).converge(Goal.ROLLED_BACK, timeout=100)
    [kept] = cloud.kept
    cloud.healthy.add("bad")
    cloud.observe()
    deploy(cloud, "bad", **KEEP)
    assert serving(cloud) == ["bad"]
    assert kept not in [one.instance_id for one in cloud.groups["shop-dev-bad"].machines]
    assert list(cloud.kept) == [kept]


def test_one_of_another_failure_is_left_alone(cloud: FakeFleetCloud) -> None:
    other = KeptMachine(instance_id="i-other", version="worse", until=2**40)
    cloud.kept["i-other"] = other
    _back(cloud).converge(Goal.ROLLED_BACK, timeout=100)
    assert len(cloud.kept) == 2


def test_what_cannot_leave_its_group_yet_is_not_waited_for() -> None:
    group = make_group("2", attached=False, lifecycle="Pending", live_since=None)
    step = make_plan(Goal.ROLLED_BACK, group, **KEEP)
    assert did(step) == [(ActionKind.DELETE, NAME)]


def _planned(*kept: KeptMachine, **more: Any) -> Plan:
    group = make_group("2", attached=False, live_since=None, **more)
    fleet = Fleet(groups=(group,), kept=kept)
    return plan(make_situation(Goal.ROLLED_BACK, fleet, **KEEP))


def test_a_killed_task_goes_on_with_the_machine_that_has_the_tag() -> None:
    """And takes no second one."""
    tagged = KeptMachine(instance_id=f"i-{NAME}-1", version="2", until=NOW + 10, grouped=True)
    [action] = _planned(tagged).actions
    assert (action.verb, action.machine) == (ActionKind.KEEP_FAILED, tagged.instance_id)


def test_one_that_is_on_its_way_out_is_waited_for() -> None:
    tagged = KeptMachine(instance_id=f"i-{NAME}-1", version="2", until=NOW + 10, grouped=True)
    step = _planned(tagged, lifecycle="Detaching")
    assert (step.actions, step.waiting) == ((), f"{tagged.instance_id} is leaving {NAME}")
    gone = KeptMachine(instance_id="i-gone", version="2", until=NOW + 10, grouped=True)
    assert did(_planned(gone)) == [(ActionKind.DELETE, NAME)]


def test_one_that_somebody_put_into_a_group_is_his() -> None:
    his = KeptMachine(instance_id="i-his", version="2", until=1, grouped=True)
    assert plan(make_situation(Goal.STANDBYS_RETIRED, Fleet(groups=(), kept=(his,)))).done


def test_nothing_is_taken_out_of_a_fleet_that_still_has_traffic() -> None:
    bad, old = make_group("2", live_since=None), make_group("1")
    step = make_plan(Goal.ROLLED_BACK, bad, old, **KEEP)
    assert did(step) == [(ActionKind.DETACH, NAME)]


def test_a_fleet_from_before_knows_of_none() -> None:
    assert Fleet(groups=()).kept == ()
    old = {k: v for k, v in make_target().to_json().items() if k != "keep_failed"}
    assert type(make_target()).from_json(old).keep_failed == 0.0
