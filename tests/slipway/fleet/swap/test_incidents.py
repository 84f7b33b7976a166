"""What other tools shipped wrong, and people found out in production: it must not happen here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.exceptions import CloudUnavailable
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.goals import Goal
from slipway.model.fleet import SCALING
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash, Faults
from tests.slipway.fleet.worlds import (
    NOW,
    deploy,
    make_group,
    make_swap,
    nothing_is_orphaned,
    serving,
)

OLD, NEW, BAD = "shop-dev-1", "shop-dev-2", "shop-dev-bad"


@pytest.fixture
def cloud() -> FakeFleetCloud:
    """Release 1 serves with two machines."""
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    deploy(cloud, "1")
    cloud.faults.lowest = 2
    return cloud


def _go(cloud: FakeFleetCloud, version: str, *wishes: Goal, **more: Any) -> None:
    for wish in wishes:
        make_swap(cloud, version, **more).converge(wish, timeout=100)


def test_a_failed_deploy_leaves_the_old_size_and_its_scaling(cloud: FakeFleetCloud) -> None:
    """spinnaker/spinnaker#4812: the old group's minimum stays pinned to its desired size."""
    before = cloud.groups[OLD]
    _go(cloud, "bad", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    assert cloud.groups[OLD].suspended == SCALING
    _go(cloud, "bad", Goal.ROLLED_BACK)
    after = cloud.groups[OLD]
    assert (after.min_size, after.desired, after.max_size) == (
        before.min_size,
        before.desired,
        before.max_size,
    )
    assert after.suspended == after.held == frozenset()


def test_a_roll_back_never_shrinks_what_serves(cloud: FakeFleetCloud) -> None:
    """spinnaker/spinnaker#4895: it resizes from a capacity that was read minutes ago."""
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    cloud.resize(OLD, (1, 4, 4))
    calls = len(cloud.calls)
    _go(cloud, "2", Goal.ROLLED_BACK)
    assert not [call for call in cloud.calls[calls:] if call[0] == "resize"]
    assert (cloud.groups[OLD].desired, cloud.groups[OLD].serving) == (4, 4)


def test_a_roll_back_first_brings_the_old_one_up_to_todays_traffic(cloud: FakeFleetCloud) -> None:
    """spinnaker/spinnaker#4895, the other way round: the new group grew under load."""
    log: list[str] = []
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    cloud.resize(NEW, (1, 4, 4))
    for _ in range(3):
        cloud.observe()
    cloud.faults.lowest = 4
    _go(cloud, "2", Goal.ROLLED_BACK, log=log)
    assert cloud.faults.lowest >= 4
    assert cloud.groups[OLD].serving == 4
    assert any("which it has to stand in for" in line for line in log)


def test_the_way_back_is_the_last_good_one_not_the_newest(cloud: FakeFleetCloud) -> None:
    """spinnaker/orca#3341: the newest disabled group was disabled because it was bad."""
    good = make_group("1", attached=False, standby_until=NOW + 60)
    newer = make_group("bad", attached=False, live_since=None, standby_until=NOW + 600)
    cloud.groups = {group.name: group for group in (good, newer)}
    cloud.groups["shop-dev-3"] = make_group("3", live_since=None, health="unhealthy")
    cloud.healthy = {"1"}
    cloud.faults.lowest = None
    swap = make_swap(cloud, "3")
    previous = swap.previous(swap.observe())
    assert previous is not None
    assert previous.name == OLD
    _go(cloud, "3", Goal.ROLLED_BACK)
    assert serving(cloud) == ["1"]
    assert not cloud.groups[BAD].attached


def test_with_two_groups_serving_both_are_made_up_for(cloud: FakeFleetCloud) -> None:
    """spinnaker/orca#3037: more instances are disabled than were brought up."""
    cloud.groups[NEW] = make_group("2", size=3)
    cloud.faults.lowest = 5
    deploy(cloud, "3")
    assert cloud.faults.lowest >= 5
    assert serving(cloud) == ["3"]


def test_the_way_back_launches_nothing_while_the_old_group_is_there(cloud: FakeFleetCloud) -> None:
    """spinnaker/keel#1473: rolling back deploys anew."""
    deploy(cloud, "2", keep_old=300.0)
    kept = {machine.instance_id for machine in cloud.groups[OLD].machines}
    calls = len(cloud.calls)
    deploy(cloud, "1", keep_old=300.0)
    assert serving(cloud) == ["1"]
    assert {machine.instance_id for machine in cloud.groups[OLD].machines} == kept
    assert not {"launch", "template"} & {call for call, _ in cloud.calls[calls:]}


def test_a_standbys_machines_know_that_they_are_out(cloud: FakeFleetCloud) -> None:
    """spinnaker/spinnaker#2051: the replaced group goes on with what no balancer sends it."""
    deploy(cloud, "2", keep_old=300.0)
    until = cloud.groups[OLD].standby_until
    assert until is not None
    assert cloud.told[OLD] == until
    deploy(cloud, "1", keep_old=300.0)
    assert cloud.told[OLD] is None
    assert cloud.told[NEW] is not None


def test_without_a_standby_the_replaced_machines_are_gone(cloud: FakeFleetCloud) -> None:
    """spinnaker/spinnaker#2051, for those who keep nothing."""
    deploy(cloud, "2", keep_old=0.0)
    cloud.observe()
    assert OLD not in cloud.groups


def test_a_scaling_event_between_ready_and_shift(cloud: FakeFleetCloud) -> None:
    """aws-samples/aws-codedeploy-samples#80: instances without traffic, or a failed deploy."""
    _go(cloud, "2", Goal.LAUNCHED)
    cloud.observe()
    cloud.groups[NEW] = replace(cloud.groups[NEW], desired=3)
    _go(cloud, "2", Goal.IN_TRAFFIC, Goal.OLD_RETIRED)
    assert [machine.serving for machine in cloud.groups[NEW].machines] == [True] * 3
    assert cloud.faults.lowest == 2


def test_nothing_of_a_failed_deploy_stays(cloud: FakeFleetCloud) -> None:
    """DemocracyClub/WhoCanIVoteFor#855: its instances run on."""
    _go(cloud, "bad", Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
    cloud.observe()
    assert list(cloud.groups) == [OLD]
    assert cloud.templates == {OLD}


@pytest.mark.parametrize("call", range(8))
def test_the_remains_of_a_failed_deploy_do_not_block_the_next(
    cloud: FakeFleetCloud, call: int
) -> None:
    """adhocteam/soapbox#92: and here nobody even rolled it back."""
    cloud.faults = Faults(crash_at=len(cloud.calls) + call, lowest=2)
    with pytest.raises((Crash, CloudUnavailable)):
        _go(cloud, "bad", Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.OLD_RETIRED)
    cloud.faults.crash_at = None
    deploy(cloud, "2")
    assert serving(cloud) == ["2"]
    assert cloud.faults.lowest == 2
    nothing_is_orphaned(cloud)


def test_the_old_one_finishes_its_requests_before_it_goes(cloud: FakeFleetCloud) -> None:
    """hashicorp/terraform#18812, hashicorp/terraform-provider-aws#5603: destroyed too early."""
    cloud.drain = 30
    log: list[str] = []
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    _go(cloud, "2", Goal.OLD_RETIRED, log=log)
    assert "waiting: shop-dev-1 is draining" in log
    assert cloud.faults.cut == []
    cloud.observe()
    assert OLD not in cloud.groups


def test_a_failed_one_finishes_its_requests_as_well(cloud: FakeFleetCloud) -> None:
    """hashicorp/terraform-provider-aws#5603, on the way back."""
    cloud.drain = 30
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.ROLLED_BACK)
    assert cloud.faults.cut == []
    assert serving(cloud) == ["1"]


def test_one_of_an_earlier_bake_finishes_its_requests_before_it_is_replaced(
    cloud: FakeFleetCloud,
) -> None:
    """hashicorp/terraform-provider-aws#5603, when a release is baked again after its roll back."""
    cloud.drain = 30
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    for _ in range(3):
        cloud.observe()
    cloud.detach(NEW)
    cloud.groups[NEW] = replace(cloud.groups[NEW], image_id="ami-earlier")
    _go(cloud, "2", Goal.LAUNCHED)
    assert cloud.faults.cut == []
    assert cloud.groups[NEW].image_id == "ami-2"


def test_the_old_one_stays_while_the_new_one_starts_slowly(cloud: FakeFleetCloud) -> None:
    """traveloka/terraform-aws-autoscaling#74: healthy targets that get next to no requests yet."""
    cloud.slow_start = 30
    log: list[str] = []
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    with pytest.raises(CloudUnavailable, match="in slow start for another"):
        make_swap(cloud, "2", log=log).converge(Goal.OLD_RETIRED, timeout=20)
    assert cloud.groups[OLD].serving == 2
    _go(cloud, "2", Goal.OLD_RETIRED, now=NOW + 200)
    assert serving(cloud) == ["2"]


def test_a_standby_that_comes_back_starts_slowly_again(cloud: FakeFleetCloud) -> None:
    """traveloka/terraform-aws-autoscaling#74: that it served once does not spare it the wait."""
    deploy(cloud, "2", keep_old=3000.0)
    cloud.slow_start = 30
    _go(cloud, "1", Goal.LAUNCHED, Goal.IN_TRAFFIC, now=NOW + 500)
    with pytest.raises(CloudUnavailable, match="in slow start"):
        make_swap(cloud, "1", now=NOW + 505).converge(Goal.OLD_RETIRED, timeout=10)
    assert cloud.groups[NEW].serving == 2


def test_autoscaling_keeps_its_hands_off_while_two_groups_stand(cloud: FakeFleetCloud) -> None:
    """acquia/moonshot#39: it replaces instances while they are being deployed to."""
    cloud.groups[OLD] = replace(cloud.groups[OLD], rules="cpu and nights")
    _go(cloud, "2", Goal.LAUNCHED, Goal.IN_TRAFFIC)
    assert cloud.groups[OLD].suspended == SCALING
    assert cloud.groups[NEW].rules == ""
    _go(cloud, "2", Goal.OLD_RETIRED)
    order = [call for call, name in cloud.calls if name == NEW and call in ("suspend", "rules")]
    assert order == ["suspend", "rules"]
    assert cloud.groups[NEW].rules == "cpu and nights"
    assert not cloud.groups[NEW].suspended


def test_healthy_machines_do_not_count_before_the_balancer_says_so(cloud: FakeFleetCloud) -> None:
    """hashicorp/terraform#8655: 'wait until healthy' counts before the target group does."""
    _go(cloud, "2", Goal.LAUNCHED)
    cloud.observe()
    cloud.healthy.discard("2")
    _go(cloud, "2", Goal.IN_TRAFFIC)
    assert cloud.groups[NEW].complete
    assert not evaluate(Gate.IN_SERVICE, make_swap(cloud, "2"), waited=1).passed
    with pytest.raises(CloudUnavailable, match="0 of 2 machines of shop-dev-2 serve"):
        make_swap(cloud, "2").converge(Goal.OLD_RETIRED, timeout=20)
    assert serving(cloud) == ["1"]
