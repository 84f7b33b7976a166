"""Against moto: the calls are well formed, repeatable, and read back as they were meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.model.fleet import SCALING
from tests.slipway.hooks.fleet.cloud import clouds
from tests.slipway.hooks.fleet.cloud.clouds import TAGS, client, fleet, launch, only

if TYPE_CHECKING:
    from slipway.hooks.fleet.cloud import FleetCloud

cloud = clouds.cloud


def test_a_launch_twice_is_one_group_outside_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    cloud.launch(launch())
    group = only(cloud)
    assert (group.version, group.min_size, group.desired, group.max_size) == ("1", 1, 2, 4)
    assert not group.attached
    assert len(group.machines) == 2
    assert all(machine.address for machine in group.machines)
    data = client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    template = data["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert template["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "enabled",
    }


def test_in_and_out_of_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    cloud.attach("shop-dev-1")
    assert only(cloud).attached
    cloud.detach("shop-dev-1")
    assert not only(cloud).attached


def test_out_of_the_balancer_twice(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    cloud.attach("shop-dev-1")
    cloud.detach("shop-dev-1")
    cloud.detach("shop-dev-1")
    assert not only(cloud).attached


def test_holding_scaling_leaves_what_others_suspended(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    client("autoscaling").suspend_processes(
        AutoScalingGroupName="shop-dev-1", ScalingProcesses=["Terminate"]
    )
    for _ in range(2):
        cloud.suspend_scaling("shop-dev-1", SCALING)
    assert only(cloud).suspended == SCALING | {"Terminate"}
    assert only(cloud).held == SCALING
    for _ in range(2):
        cloud.resume_scaling("shop-dev-1", SCALING)
    assert only(cloud).suspended == {"Terminate"}
    assert not only(cloud).held


def test_nothing_to_hold_is_not_everything(cloud: FleetCloud) -> None:
    """Auto Scaling reads an empty list as all the processes that there are."""
    cloud.launch(launch())
    cloud.suspend_scaling("shop-dev-1", frozenset())
    assert not only(cloud).suspended
    cloud.suspend_scaling("shop-dev-1", SCALING)
    cloud.resume_scaling("shop-dev-1", frozenset())
    assert only(cloud).suspended == SCALING


def test_notes_survive_the_one_who_wrote_them(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    assert (only(cloud).image_id, only(cloud).live_since) == ("ami-1", None)
    cloud.mark_live("shop-dev-1", 1000)
    cloud.mark_standby("shop-dev-1", 1234)
    group = only(fleet())
    assert (group.live_since, group.standby_until) == (1000, 1234)
    for _ in range(2):
        cloud.mark_standby("shop-dev-1", None)
    assert only(cloud).standby_until is None


def test_a_note_edited_by_hand_is_no_note(cloud: FleetCloud) -> None:
    cloud.launch(launch(tags={**TAGS, "slipway:standby-until": "tomorrow"}))
    assert only(cloud).standby_until is None


def test_a_resize(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    cloud.resize("shop-dev-1", (1, 3, 5))
    group = only(cloud)
    assert (group.min_size, group.desired, group.max_size) == (1, 3, 5)
    assert len(group.machines) == 3
