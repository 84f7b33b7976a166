"""The whole loop against a cloud in memory: every situation, every crash."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.exceptions import CloudUnavailable
from slipway.fleet.goals import Goal
from slipway.model.fleet import SCALING
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import DEPLOY, deploy, make_swap, nothing_is_orphaned, serving


@pytest.fixture
def cloud() -> FakeFleetCloud:
    return FakeFleetCloud(healthy={"1", "2", "3"})


def test_the_first_release_takes_the_configured_size(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    (group,) = cloud.groups.values()
    assert (group.min_size, group.desired, group.max_size) == (1, 2, 4)
    assert group.serving == 2


def test_the_next_takes_the_present_size_and_nothing_old_stays(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    cloud.resize("shop-dev-1", (1, 4, 4))
    deploy(cloud, "2")
    assert serving(cloud) == ["2"]
    assert cloud.groups["shop-dev-2"].desired == 4
    assert cloud.templates == {"shop-dev-2"}


def test_a_live_group_that_grows_during_the_swap_is_made_up_for(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    for wish in (Goal.LAUNCHED, Goal.IN_TRAFFIC):
        make_swap(cloud, "2").converge(wish, timeout=100)
    cloud.resize("shop-dev-1", (1, 4, 4))
    cloud.observe()
    cloud.faults.lowest = 4
    make_swap(cloud, "2").converge(Goal.OLD_RETIRED, timeout=100)
    assert cloud.faults.lowest >= 4
    assert cloud.groups["shop-dev-2"].serving == 4


def test_scaling_is_held_still_while_two_groups_stand(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    make_swap(cloud, "2").converge(Goal.LAUNCHED, timeout=100)
    assert cloud.groups["shop-dev-1"].suspended == SCALING


def test_a_bad_release_is_removed_and_the_old_one_serves_on(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    for wish in (Goal.LAUNCHED, Goal.IN_TRAFFIC):
        make_swap(cloud, "bad").converge(wish, timeout=100)
    make_swap(cloud, "bad").converge(Goal.ROLLED_BACK, timeout=100)
    assert list(cloud.groups) == ["shop-dev-1"]
    assert cloud.groups["shop-dev-1"].serving == 2
    assert not cloud.groups["shop-dev-1"].suspended
    assert not cloud.groups["shop-dev-1"].held
    assert cloud.templates == {"shop-dev-1"}


def test_old_is_not_retired_before_new_serves(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    for wish in (Goal.LAUNCHED, Goal.IN_TRAFFIC):
        make_swap(cloud, "bad").converge(wish, timeout=100)
    with pytest.raises(CloudUnavailable, match="0 of 2 machines"):
        make_swap(cloud, "bad").converge(Goal.OLD_RETIRED, timeout=20)
    assert cloud.groups["shop-dev-1"].serving == 2


def test_a_kept_standby_is_woken_by_a_roll_back(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1", keep_old=300.0)
    deploy(cloud, "2", keep_old=300.0)
    standby = cloud.groups["shop-dev-1"]
    assert standby.standby_until is not None
    assert 1300 <= standby.standby_until < 1400
    launched = [call for call in cloud.calls if call[0] == "launch"]
    deploy(cloud, "1", keep_old=300.0)
    assert [call for call in cloud.calls if call[0] == "launch"] == launched
    assert serving(cloud) == ["1"]
    assert cloud.groups["shop-dev-2"].standby_until is not None


def test_a_standby_is_retired_when_its_time_is_over(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1", keep_old=300.0)
    deploy(cloud, "2", keep_old=300.0)
    make_swap(cloud, "", now=1100.0).converge(Goal.STANDBYS_RETIRED, timeout=10)
    assert len(cloud.groups) == 2
    make_swap(cloud, "", now=2000.0).converge(Goal.STANDBYS_RETIRED, timeout=10)
    assert list(cloud.groups) == ["shop-dev-2"]


def test_a_bad_first_release_leaves_nothing(cloud: FakeFleetCloud) -> None:
    make_swap(cloud, "bad").converge(Goal.LAUNCHED, timeout=100)
    make_swap(cloud, "bad").converge(Goal.ROLLED_BACK, timeout=100)
    assert not cloud.groups
    assert not cloud.templates


def test_the_log_is_a_story(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    log: list[str] = []
    make_swap(cloud, "2", log=log).converge(Goal.LAUNCHED, timeout=100)
    assert log == [
        "seen: shop-dev-1 (2 of 2 up, 2 serving)",
        "decided: suspend scaling of shop-dev-1 (AZRebalance, AlarmNotification, "
        "ScheduledActions), because the live group must not shrink or grow while two stand side "
        "by side",
        "decided: launch shop-dev-2 to min 1, desired 2, max 4, because shop-dev-1 has 2 machines "
        "now",
        "did: suspend scaling of shop-dev-1",
        "did: launch shop-dev-2",
        "seen: shop-dev-1 (2 of 2 up, 2 serving, holding AZRebalance AlarmNotification "
        "ScheduledActions); shop-dev-2 (0 of 2 up)",
        "launched: shop-dev-2 is there already",
    ]


def test_a_dry_look_changes_nothing(cloud: FakeFleetCloud) -> None:
    swap = make_swap(cloud, "1")
    assert swap.plan(swap.observe(), Goal.LAUNCHED).actions
    assert not cloud.calls


def test_the_deployment_says_what_it_replaced(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1", keep_old=300.0)
    for wish in DEPLOY:
        swap = make_swap(cloud, "2", keep_old=300.0)
        fleet = swap.converge(wish, timeout=100)
        made = swap.deployment(fleet, swap.previous(fleet))
        assert (made.previous_group, made.previous_version) == ("shop-dev-1", "1")
    assert made.server_group == "shop-dev-2"
    assert set(made.instance_ids) == {one.instance_id for one in fleet.groups[1].machines}


def test_the_deployment_names_the_image_that_runs(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1")
    again = make_swap(cloud, "1", image="rebaked")
    assert again.image.image_id == "ami-rebaked"


@settings(max_examples=300, deadline=None)
@given(
    crash_at=st.integers(0, 14),
    applied=st.booleans(),
    keep=st.sampled_from([0.0, 300.0]),
    good=st.booleans(),
)
def test_a_crash_at_any_call_converges(
    crash_at: int, applied: bool, keep: float, good: bool
) -> None:
    cloud = FakeFleetCloud(healthy={"1", "2"}, leaving=3)
    deploy(cloud, "1", keep_old=keep)
    before = cloud.serving
    cloud.faults.lowest, cloud.faults.applied, cloud.faults.crash_at = (
        before,
        applied,
        len(cloud.calls) + crash_at,
    )
    version = "2" if good else "bad"
    wishes = DEPLOY if good else (Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
    for wish in wishes:
        try:
            make_swap(cloud, version, keep_old=keep).converge(wish, timeout=100)
        except Crash:
            make_swap(cloud, version, keep_old=keep).converge(wish, timeout=100)
    assert serving(cloud) == ["2" if good else "1"]
    assert cloud.faults.lowest is not None
    assert cloud.faults.lowest >= before
    nothing_is_orphaned(cloud)
    again = len(cloud.calls)
    make_swap(cloud, version, keep_old=keep).converge(wishes[-1], timeout=100)
    assert len(cloud.calls) == again


@pytest.mark.parametrize("crash_at", range(6))
@pytest.mark.parametrize("applied", [True, False])
def test_a_launch_that_is_killed_takes_over_everything_when_it_goes_on(
    cloud: FakeFleetCloud, crash_at: int, applied: bool
) -> None:
    deploy(cloud, "1")
    cloud.habits = True
    cloud.faults.crash_at, cloud.faults.applied = len(cloud.calls) + crash_at, applied
    for _ in range(2):
        with suppress(Crash):
            make_swap(cloud, "2").converge(Goal.LAUNCHED, timeout=100)
    assert cloud.groups["shop-dev-2"].taking_over == ""
    assert cloud.calls.count(("start", "shop-dev-2")) in (1, 2)
    done = len(cloud.calls)
    make_swap(cloud, "2").converge(Goal.LAUNCHED, timeout=100)
    assert len(cloud.calls) == done, "what is done is not done again"
