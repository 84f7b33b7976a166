"""A fleet that others made gives its successor what hangs on it, or the plan names what is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import EnvironmentMisconfigured
from slipway.fleet.goals import Goal
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, described, launch
from tests.slipway.fleet.swap import adopted
from tests.slipway.fleet.swap.adopted import NAME, TOPIC, arn
from tests.slipway.fleet.swap.adopted_fleet import fleets
from tests.slipway.fleet.swap.adopted_fleet.fleets import NEW
from tests.slipway.fleet.worlds import make_swap

if TYPE_CHECKING:
    from slipway.hooks.fleet.cloud import FleetCloud

cloud = fleets.cloud


def _template(name: str) -> dict[str, Any]:
    answer = client("ec2").describe_launch_template_versions(LaunchTemplateName=name)
    data: dict[str, Any] = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return data


def test_terraforms_fleet_passes_on_what_its_machines_are(cloud: FleetCloud) -> None:
    cloud.launch(launch("2", like=NAME))
    data = _template(NEW)
    assert (data["KeyName"], data["Monitoring"], data["EbsOptimized"]) == (
        "ops",
        {"Enabled": True},
        True,
    )
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    [first] = data["NetworkInterfaces"]
    assert (first["AssociatePublicIpAddress"], first["Ipv6AddressCount"]) == (True, 1)
    groups = client("ec2").describe_security_groups(GroupNames=["app"])["SecurityGroups"]
    assert first["Groups"] == [groups[0]["GroupId"]]
    assert "SecurityGroupIds" not in data
    [data_disk] = [one for one in data["BlockDeviceMappings"] if one["DeviceName"] == "/dev/sdf"]
    assert data_disk["Ebs"] == {"VolumeSize": 200, "VolumeType": "gp3", "Encrypted": True}
    tags = {one["ResourceType"]: one["Tags"] for one in data["TagSpecifications"]}
    assert {"Key": "patch", "Value": "weekly"} in tags["instance"]
    assert data["UserData"] == ""


def test_terraforms_fleet_passes_on_how_it_is_kept(cloud: FleetCloud) -> None:
    cloud.launch(launch("2", like=NAME))
    group = described(NEW)
    policy = group["MixedInstancesPolicy"]
    assert policy["LaunchTemplate"]["LaunchTemplateSpecification"]["LaunchTemplateName"] == NEW
    assert [one["InstanceType"] for one in policy["LaunchTemplate"]["Overrides"]] == [
        "m5.large",
        "m5a.large",
    ]
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 25
    assert (group["PlacementGroup"], group["TerminationPolicies"], group["DefaultCooldown"]) == (
        "near",
        ["OldestInstance"],
        42,
    )
    assert group["CapacityRebalance"] is True


def test_what_the_plan_says_of_terraforms_fleet(cloud: FleetCloud) -> None:
    lines = cloud.inheritance(launch("2", like=NAME))
    passes = "\n".join(line for line in lines if line.startswith(f"passes on from {NAME}: "))
    lost = [line for line in lines if line.startswith(f"does not pass on from {NAME}: ")]
    assert len(lost) == 2
    for words in (
        "(m5.large, m5a.large; on demand 1 and 25 % of the rest)",
        "key pair (ops)",
        "detailed monitoring (Enabled)",
        "host (near)",
        "(OldestInstance)",
        "default cooldown (42)",
        "(/dev/sdf 200 GiB gp3)",
        "(admin, internal)",
        f"notifications (SNS) ({TOPIC})",
        "suspended (AZRebalance, Launch)",
        "template (patch)",
        "not (team)",
        "service (2)",
        "(AssociatePublicIpAddress, Ipv6AddressCount 1)",
        "(HealthCheckType ELB, HealthCheckGracePeriod 240)",
        "capacity rebalancing",
    ):
        assert words in passes
    words = "\n".join(lost)
    assert "user data (9 bytes): what it did belongs into the package" in words
    assert "version 1 of the metadata service, or none of it (version 1)" in words
    assert (
        client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0][
            "AutoScalingGroupName"
        ]
        == NAME
    ), "a plan changes nothing"


def test_what_passes_on_is_told_before_there_is_an_image(cloud: FleetCloud) -> None:
    """A plan comes before the bake, wherever somebody is asked for each commit."""
    wanted = launch("2", like=NAME, image_id="an image that is still to be baked")
    assert cloud.inheritance(wanted) == cloud.inheritance(launch("2", like=NAME))
    with pytest.raises(EnvironmentMisconfigured, match="the cloud has no machine image"):
        cloud.launch(wanted)


def test_a_mix_of_types_follows_the_project_to_another_architecture(cloud: FleetCloud) -> None:
    """EC2 launches no arm64 image on amd64, so the live group's types would launch nothing."""
    wanted = launch("2", like=NAME, instance_type="m7g.large")
    lost = "\n".join(line for line in cloud.inheritance(wanted) if "does not pass on" in line)
    assert "spot share (m5.large, m5a.large): its types go before" in lost
    cloud.launch(wanted)
    policy = described(NEW)["MixedInstancesPolicy"]
    assert not policy["LaunchTemplate"].get("Overrides")
    assert policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 25


def test_the_launch_says_it_as_well(cloud: FleetCloud) -> None:
    said = "\n".join(cloud.launch(launch("2", like=NAME)))
    assert "key pair (ops)" in said
    assert "user data" in said


def _killed(**_: Any) -> None:
    raise KeyError


def test_a_launch_that_was_killed_behind_the_template_gives_the_same(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(client("autoscaling"), "create_auto_scaling_group", _killed)
        with pytest.raises(KeyError):
            cloud.launch(launch("2", like=NAME))
    before, wanted = _template(NEW), []
    monkeypatch.setattr(
        client("ec2"), "delete_launch_template", lambda **asked: wanted.append(asked)
    )
    cloud.launch(launch("2", like=NAME))
    assert (_template(NEW), wanted) == (before, [])
    assert described(NEW)["MixedInstancesPolicy"]


def test_a_template_from_before_the_live_group_changed_is_made_anew(cloud: FleetCloud) -> None:
    cloud.launch(launch("2", like=NAME))
    client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=NEW, ForceDelete=True)
    client("ec2").create_launch_template_version(
        LaunchTemplateName="web", LaunchTemplateData={**adopted.template(), "KeyName": "new-ops"}
    )
    cloud.launch(launch("2", like=NAME))
    assert _template(NEW)["KeyName"] == "new-ops"


def test_notifications_and_what_people_suspended_come_before_the_first_look(
    cloud: FleetCloud,
) -> None:
    cloud.launch(launch("2", like=NAME))
    group = cloud.observe().of("2")
    assert group is not None
    assert group.taking_over == NAME
    for _ in range(2):  # a killed one is done again
        cloud.take_over(NEW, NAME)
    sent = client("autoscaling").describe_notification_configurations(AutoScalingGroupNames=[NEW])
    assert [one["TopicARN"] for one in sent["NotificationConfigurations"]] == [TOPIC]
    group = cloud.observe().of("2")
    assert group is not None
    assert (group.suspended, group.taking_over) == (frozenset({"AZRebalance"}), "")


def test_what_people_suspended_is_not_resumed_when_the_swap_ends(cloud: FleetCloud) -> None:
    cloud.launch(launch("2", like=NAME))
    cloud.suspend_scaling(NAME, frozenset({"AlarmNotification"}))
    # The new group is held before the rules come, and people suspended something meanwhile.
    cloud.suspend_scaling(NEW, frozenset({"AZRebalance", "ScheduledActions"}))
    cloud.carry_over(NEW, NAME)
    group = cloud.observe().of("2")
    assert group is not None
    assert group.held == frozenset({"ScheduledActions"})
    cloud.resume_scaling(NEW, group.held)
    group = cloud.observe().of("2")
    assert group is not None
    assert group.suspended == frozenset({"AZRebalance", "Launch"})


@pytest.mark.parametrize(("name", "field"), [("key_pair", "KeyName"), ("monitoring", "Monitoring")])
def test_what_the_project_file_drops_does_not_pass_on(
    cloud: FleetCloud, name: str, field: str
) -> None:
    said = cloud.inheritance(launch("2", like=NAME, drop=frozenset({name})))
    assert any("`instance.drop` says so" in line for line in said)
    cloud.launch(launch("2", like=NAME, drop=frozenset({name})))
    assert field not in _template(NEW)


def test_without_its_mix_a_group_has_the_type_of_the_project_file(cloud: FleetCloud) -> None:
    dropped = launch("2", like=NAME, drop=frozenset({"mixed_instances"}))
    assert any("m5.large; now t3.micro" in line for line in cloud.inheritance(dropped))
    cloud.launch(dropped)
    assert "MixedInstancesPolicy" not in described(NEW)
    assert _template(NEW)["InstanceType"] == "t3.micro"
    assert "EbsOptimized" not in _template(NEW), "that was the other type's"


def test_the_next_swap_passes_on_what_the_first_one_did(cloud: FleetCloud) -> None:
    cloud.launch(launch("2", like=NAME))
    cloud.launch(launch("3", like=NEW))
    second, third = _template(NEW), _template("shop-dev-3")
    for key in ("KeyName", "Monitoring", "NetworkInterfaces", "BlockDeviceMappings"):
        assert third[key] == second[key]
    assert not [line for line in cloud.inheritance(launch("3", like=NEW)) if "not pass" in line]


def test_an_old_launch_configuration_passes_on_the_same(cloud: FleetCloud) -> None:
    scaling = client("autoscaling")
    scaling.create_launch_configuration(
        LaunchConfigurationName="old",
        ImageId=moto_cloud.image(),
        InstanceType="t3.micro",
        KeyName="ops",
        SpotPrice="0.01",
        AssociatePublicIpAddress=True,
        UserData="#!/bin/sh",
        InstanceMonitoring={"Enabled": True},
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="older",
        MinSize=1,
        MaxSize=1,
        LaunchConfigurationName="old",
        VPCZoneIdentifier=moto_cloud.subnet("a"),
        TargetGroupARNs=[arn("shop-dev")],
    )
    said = cloud.launch(launch("2", like="older"))
    data = _template(NEW)
    assert (data["KeyName"], data["NetworkInterfaces"][0]["AssociatePublicIpAddress"]) == (
        "ops",
        True,
    )
    assert data["InstanceMarketOptions"]["SpotOptions"]["MaxPrice"] == "0.01"
    assert any("user data (9 bytes)" in line for line in said)


def test_a_fleet_that_sleeps_at_night_passes_its_settings_on(cloud: FleetCloud) -> None:
    """The plan names it as the source, although it has no machines at the moment."""
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=NAME, MinSize=0, DesiredCapacity=0
    )
    fleet = cloud.observe()
    swap = make_swap(cloud, "2", image=moto_cloud.image(), security_groups=("app",))
    assert swap.plan(fleet, Goal.LAUNCHED).actions[-1].source == NAME


def test_a_template_that_is_gone_is_named_and_stops_nobody(cloud: FleetCloud) -> None:
    client("ec2").delete_launch_template(LaunchTemplateName="web")
    said = cloud.launch(launch("2", like=NAME, drop=frozenset({"mixed_instances"})))
    assert any("its launch template is gone" in line for line in said)
    assert described(NEW)["DesiredCapacity"] == 2
