"""A group that Slipway brought into traffic, and what somebody does to it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from slipway.hooks.fleet.close_look import look
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.hooks.fleet.notes import FleetNotes
from slipway.model.cloud.group_seen import Left
from slipway.policies.by_hand import by_hand
from tests.slipway.hooks.fleet.cloud import clouds
from tests.slipway.hooks.fleet.cloud.clouds import client, image_of, launch

cloud = clouds.cloud
NAME = "shop-dev-1"


def serve(cloud: FleetCloud, **more: Any) -> None:
    """Bring a release into traffic as a swap does."""
    cloud.launch(launch(**more))
    cloud.attach(NAME)
    cloud.mark_live(NAME, 1000)


def told(cloud: FleetCloud) -> list[str]:
    seen = cloud.seen(NAME)
    assert seen is not None
    found = by_hand(seen)
    return [one.words for one in found.changes] if found else []


def scale(**more: int) -> None:
    client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=NAME, **more)


def by_rules(**more: Any) -> None:
    """Let the group scale by a scheduled action."""
    client("autoscaling").put_scheduled_update_group_action(
        AutoScalingGroupName=NAME, ScheduledActionName="night", Recurrence="0 20 * * *", **more
    )


def other_balancer() -> None:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = client("elbv2").create_target_group(Name="beta", Protocol="HTTP", Port=80, VpcId=vpc)
    client("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName=NAME, TargetGroupARNs=[made["TargetGroups"][0]["TargetGroupArn"]]
    )


def other_template(**more: Any) -> None:
    """Have the next machine be of another kind, as somebody does in the console."""
    answer = client("ec2").describe_launch_template_versions(LaunchTemplateName=NAME)
    data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    client("ec2").create_launch_template_version(
        LaunchTemplateName=NAME, LaunchTemplateData={**data, **more}
    )
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=NAME,
        LaunchTemplate={"LaunchTemplateName": NAME, "Version": "2"},
    )


def suspend() -> None:
    client("autoscaling").suspend_processes(
        AutoScalingGroupName=NAME, ScalingProcesses=["AZRebalance"]
    )


def edit(key: str, value: str) -> None:
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    client("autoscaling").create_or_update_tags(Tags=[{**tag, "Key": key, "Value": value}])


def forecast() -> None:
    """Let a forecast raise the most that the group may have, as it did."""
    client("autoscaling").put_scaling_policy(
        AutoScalingGroupName=NAME,
        PolicyName="ahead",
        PolicyType="PredictiveScaling",
        PredictiveScalingConfiguration={
            "MetricSpecifications": [{"TargetValue": 50.0}],
            "MaxCapacityBreachBehavior": "IncreaseMaxCapacity",
        },
    )
    scale(MaxSize=9)


def test_what_a_forecast_raised_is_nobodys_hand(cloud: FleetCloud) -> None:
    serve(cloud)
    forecast()
    assert told(cloud) == []


def test_parts_of_a_template_that_are_called_alike_are_told_apart(cloud: FleetCloud) -> None:
    serve(cloud)
    disks = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 500, "Encrypted": False}}]
    other_template(EbsOptimized=True, BlockDeviceMappings=disks)
    _, optimized, volumes = told(cloud)
    assert optimized in ("EbsOptimized: none -> yes", "EbsOptimized: no -> yes")
    assert volumes.startswith("volumes: ")
    was, now = volumes.removeprefix("volumes: ").split(" -> ")
    assert was != now


def test_a_machine_of_a_launch_configuration_is_called_so(cloud: FleetCloud) -> None:
    serve(cloud)
    answer = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])
    [group] = answer["AutoScalingGroups"]
    first, second = (one["InstanceId"] for one in group["Instances"])
    group["Instances"] = [
        {"InstanceId": first, "LaunchConfigurationName": "old"},
        {"InstanceId": second},
    ]
    found = by_hand(look(client, group, ""))
    assert found is not None
    assert [one.words for one in found.changes if one.what.endswith((first, second))] == [
        f"launch template of {first}: shop-dev-1 version 1 -> launch configuration old",
        f"origin of {second}: shop-dev-1 version 1 -> put into the group by hand",
    ]


@pytest.mark.parametrize("code", ["LimitExceeded", "ValidationError"])
def test_a_group_with_no_room_for_the_note_comes_into_traffic_without(
    code: str, cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.launch(launch())
    full = ClientError({"Error": {"Code": code, "Message": "too many tags"}}, "CreateOrUpdateTags")
    monkeypatch.setattr(FleetNotes, "_left", mock.Mock(side_effect=full))
    cloud.attach(NAME)
    monkeypatch.undo()
    [group] = cloud.observe().groups
    assert group.attached
    assert told(cloud) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: None, []),
        (lambda: scale(DesiredCapacity=4), ["desired: 2 -> 4"]),
        (lambda: scale(MinSize=2, MaxSize=9), ["min: 1 -> 2", "max: 4 -> 9"]),
        (suspend, ["suspended processes: none -> AZRebalance"]),
        (other_balancer, ["further balancers: none -> beta"]),
        (
            lambda: other_template(InstanceType="t3.large"),
            [
                "launch template: shop-dev-1 version 1 -> shop-dev-1 version 2",
                "instance type: t3.micro -> t3.large",
            ],
        ),
        (
            lambda: edit("slipway:image", "ami-2"),
            ["tag slipway:image: ami-1 -> ami-2"],
        ),
        (lambda: edit("team", "blue"), []),
    ],
)
def test_what_somebody_changes_is_told(
    cloud: FleetCloud, change: Callable[[], None], said: list[str]
) -> None:
    serve(cloud)
    change()
    assert told(cloud) == said


def test_what_a_swap_does_itself_is_nobodys_hand(cloud: FleetCloud) -> None:
    serve(cloud)
    cloud.resize(NAME, (2, 3, 6))
    cloud.suspend_scaling(NAME, frozenset({"AZRebalance"}))
    cloud.mark_standby(NAME, 2000)
    cloud.mark_standby(NAME, None)
    assert told(cloud) == []


def test_what_the_live_group_had_is_nobodys_hand_in_the_next_one(cloud: FleetCloud) -> None:
    serve(cloud)
    suspend()
    other_balancer()
    by_rules(MinSize=1)
    tags = {**clouds.TAGS, "slipway:version": "2"}
    cloud.launch(launch(name="shop-dev-2", tags=tags, like=NAME))
    cloud.take_over("shop-dev-2", NAME)
    cloud.attach("shop-dev-2", NAME)
    cloud.carry_over("shop-dev-2", NAME)
    seen = cloud.seen("shop-dev-2")
    assert seen is not None
    left = Left(suspended=frozenset({"AZRebalance"}), balancers=frozenset({"beta"}))
    assert seen.left == left
    assert by_hand(seen) is None


def test_a_group_that_scales_by_rules_has_any_size(cloud: FleetCloud) -> None:
    serve(cloud)
    by_rules(DesiredCapacity=1)
    scale(DesiredCapacity=4)
    assert told(cloud) == []
    scale(MaxSize=9)
    assert told(cloud) == ["max: 4 -> 9"]
    by_rules(MinSize=1, MaxSize=9)
    assert told(cloud) == []


def test_machines_that_are_no_longer_what_they_were_made_of(cloud: FleetCloud) -> None:
    serve(cloud)
    ids = sorted(one.instance_id for one in cloud.observe().groups[0].machines)
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = client("ec2").create_security_group(GroupName="odd", Description="d", VpcId=vpc)
    for one in ids:
        client("ec2").modify_instance_attribute(InstanceId=one, Groups=[made["GroupId"]])
    (line,) = told(cloud)
    assert line.startswith(f"security groups of {ids[0]}, {ids[1]}: sg-")
    assert line.endswith(f" -> {made['GroupId']}")


def test_a_machine_that_was_put_into_the_group(cloud: FleetCloud) -> None:
    serve(cloud)
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    groups = client("ec2").describe_security_groups(GroupNames=["app"])["SecurityGroups"]
    made = client("ec2").run_instances(
        ImageId=image_of("second"),
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=[groups[0]["GroupId"]],
    )
    stray = made["Instances"][0]["InstanceId"]
    client("autoscaling").attach_instances(AutoScalingGroupName=NAME, InstanceIds=[stray])
    assert f"image of {stray}: {image_of('first')} -> {image_of('second')}" in told(cloud)


def test_a_template_that_was_deleted(cloud: FleetCloud) -> None:
    serve(cloud)
    client("ec2").delete_launch_template(LaunchTemplateName=NAME)
    assert told(cloud) == ["shop-dev-1 version 1: there -> gone"]


def test_a_group_from_before_is_compared_with_what_was_noted_then(cloud: FleetCloud) -> None:
    serve(cloud)
    tag = {"ResourceId": NAME, "ResourceType": "auto-scaling-group"}
    old = [{**tag, "Key": key} for key in ("slipway:left", "slipway:bounds")]
    client("autoscaling").delete_tags(Tags=old)
    suspend()
    scale(MinSize=2, DesiredCapacity=3)
    assert told(cloud) == ["desired: 2 -> 3"]


def test_there_is_nothing_to_say_of_a_group_that_is_gone(cloud: FleetCloud) -> None:
    assert cloud.seen("shop-dev-9") is None
