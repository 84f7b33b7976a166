"""Situations that only the real calls can show, against moto."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from slipway.exceptions import EnvironmentMisconfigured, LeaseHeld
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.hooks.fleet.missing_group import is_gone
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, described, fleet, launch

GROUP = "shop-dev-1"


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    with mock_aws():
        moto_cloud.furnish()
        cloud = fleet()
        cloud.launch(launch("1"))
        cloud.attach(GROUP)
        yield cloud


def test_the_machine_image_was_deregistered(cloud: FleetCloud) -> None:
    image = moto_cloud.image()
    client("ec2").deregister_image(ImageId=image)
    with pytest.raises(EnvironmentMisconfigured, match="deregistered since the bake"):
        cloud.launch(launch("2", image_id=image))
    fleet_now = cloud.observe()
    assert [group.name for group in fleet_now.groups] == [GROUP]
    assert fleet_now.orphans == ()


def test_the_launch_template_was_edited(cloud: FleetCloud) -> None:
    """A group stays with the version that it was launched with."""
    client("ec2").create_launch_template_version(
        LaunchTemplateName=GROUP, SourceVersion="1", LaunchTemplateData={"ImageId": "ami-evil"}
    )
    client("ec2").modify_launch_template(LaunchTemplateName=GROUP, DefaultVersion="2")
    cloud.launch(launch("1"))
    template = described(GROUP)["LaunchTemplate"]
    assert (template["LaunchTemplateName"], template["Version"]) == (GROUP, "1")


def test_the_launch_template_was_deleted(cloud: FleetCloud) -> None:
    """The group launches no machine any more; the next release has a template of its own."""
    client("ec2").delete_launch_template(LaunchTemplateName=GROUP)
    cloud.launch(launch("2", like=GROUP))
    cloud.attach("shop-dev-2")
    cloud.carry_over("shop-dev-2", GROUP)
    cloud.detach(GROUP)
    cloud.delete(GROUP)
    (group,) = (one for one in cloud.observe().groups if not one.deleting)
    assert (group.name, group.attached, group.serving) == ("shop-dev-2", True, 2)
    assert cloud.observe().orphans == ()


def test_the_target_group_disappears(cloud: FleetCloud) -> None:
    cloud.observe()
    (found,) = client("elbv2").describe_target_groups(Names=["shop-dev"])["TargetGroups"]
    client("elbv2").delete_target_group(TargetGroupArn=found["TargetGroupArn"])
    with pytest.raises(EnvironmentMisconfigured, match="target group"):
        cloud.observe()
    with pytest.raises(EnvironmentMisconfigured, match="no target group 'shop-dev'"):
        fleet().observe()


def test_the_load_balancer_is_missing(cloud: FleetCloud) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="no load balancer 'shop'"):
        fleet(target_group=None, load_balancer="shop").observe()


def test_two_environments_share_a_balancer(cloud: FleetCloud) -> None:
    tags = {**moto_cloud.TAGS, "slipway:environment": "qa", "slipway:version": "1"}
    other = fleet(environment="qa")
    other.launch(launch("1", name="shop-qa-1", tags=tags))
    other.attach("shop-qa-1")
    assert [group.name for group in cloud.observe().groups] == [GROUP]
    assert [group.name for group in other.observe().groups] == ["shop-qa-1"]


def test_the_cloud_judges_machines_by_ec2_alone_while_they_are_on_trial(cloud: FleetCloud) -> None:
    """However long the boot takes, the health check's grace period cannot kill it."""
    assert described(GROUP)["HealthCheckType"] == "EC2"


def test_a_group_that_goes_between_look_and_change(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)

    def refuse(**_: object) -> None:
        """As AWS does; moto breaks down over tags of a group that is gone."""
        message = f"AutoScalingGroup name not found - no such group: {GROUP}"
        raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "Tags")

    for call in (
        "create_or_update_tags",
        "delete_tags",
        "suspend_processes",
        "resume_processes",
        "update_auto_scaling_group",
        "detach_load_balancer_target_groups",
    ):
        monkeypatch.setattr(client("autoscaling"), call, refuse)
    cloud.resize(GROUP, (1, 3, 4))
    cloud.suspend_scaling(GROUP, frozenset({"AZRebalance"}))
    cloud.resume_scaling(GROUP, frozenset({"AZRebalance"}))
    cloud.mark_live(GROUP, 1)
    cloud.mark_standby(GROUP, 2)
    cloud.detach(GROUP)
    cloud.carry_over(GROUP, "shop-dev-0")
    cloud.delete(GROUP)
    assert cloud.observe().groups == ()


def test_the_machines_of_a_standby_are_told(cloud: FleetCloud) -> None:
    (one, two) = [machine["InstanceId"] for machine in described(GROUP)["Instances"]]

    def told() -> list[str]:
        found = client("ec2").describe_tags(
            Filters=[
                {"Name": "resource-id", "Values": [one, two]},
                {"Name": "key", "Values": ["slipway:standby-until"]},
            ]
        )
        return [tag["Value"] for tag in found["Tags"]]

    cloud.mark_standby(GROUP, 1234)
    assert told() == ["1234", "1234"]
    cloud.mark_standby(GROUP, None)
    assert told() == []


def test_only_the_last_launch_counts_as_trouble(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = {"StatusCode": "Failed", "StatusMessage": "your vCPU limit"}
    begun, good = {"StatusCode": "InProgress"}, {"StatusCode": "Successful"}
    said = []
    for activities in ([begun, failed, good], [good, failed], [begun], []):
        monkeypatch.setattr(
            client("autoscaling"),
            "describe_scaling_activities",
            lambda activities=activities, **_: {"Activities": activities},
        )
        said.append(cloud.launch_failure(GROUP))
    assert said == ["your vCPU limit", "", "", ""]


def test_a_classic_balancer_says_only_in_words_that_a_machine_drains(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    client("elb").create_load_balancer(
        LoadBalancerName="shop-classic",
        AvailabilityZones=["eu-west-1a"],
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
    )
    classic = fleet(target_group=None, load_balancer="shop-classic")
    states = [
        {
            "InstanceId": machine["InstanceId"],
            "State": "InService",
            "Description": "Instance deregistration currently in progress.",
        }
        for machine in described(GROUP)["Instances"]
    ]
    monkeypatch.setattr(
        client("elb"), "describe_instance_health", lambda **_: {"InstanceStates": states}
    )
    (group,) = classic.observe().groups
    assert (group.serving, group.draining) == (0, True)


def test_two_swaps_of_one_environment(cloud: FleetCloud) -> None:
    first = cloud.lease(owner="commit__abc", is_dead=lambda _: False)
    first.acquire()
    with pytest.raises(LeaseHeld, match="commit__abc is changing this environment"):
        fleet().lease(owner="anna@laptop", is_dead=lambda _: False).acquire()
    cloud.with_fence(first.check).resize(GROUP, (1, 3, 4))
    heir = fleet().lease(owner="anna@laptop", is_dead=lambda owner: owner == "commit__abc")
    assert heir.acquire().generation == 2
    with pytest.raises(LeaseHeld):
        cloud.with_fence(first.check).resize(GROUP, (1, 4, 4))
    assert described(GROUP)["DesiredCapacity"] == 3
    heir.release()
    assert heir.holder() is None


def test_slow_start_is_read_from_the_target_group(cloud: FleetCloud) -> None:
    (found,) = client("elbv2").describe_target_groups(Names=["shop-dev"])["TargetGroups"]
    client("elbv2").modify_target_group_attributes(
        TargetGroupArn=found["TargetGroupArn"],
        Attributes=[{"Key": "slow_start.duration_seconds", "Value": "45"}],
    )
    assert cloud.observe().slow_start == 0
    assert cloud.observe(detailed=True).slow_start == 45


def test_how_long_a_hand_over_takes_is_the_balancers_word(cloud: FleetCloud) -> None:
    (found,) = client("elbv2").describe_target_groups(Names=["shop-dev"])["TargetGroups"]
    told = {"slow_start.duration_seconds": "45", "deregistration_delay.timeout_seconds": "3000"}
    client("elbv2").modify_target_group_attributes(
        TargetGroupArn=found["TargetGroupArn"],
        Attributes=[{"Key": key, "Value": value} for key, value in told.items()],
    )
    assert cloud.handover_seconds() == 3045


@pytest.mark.parametrize(("enabled", "expected"), [(True, 1800), (False, 0)])
def test_a_classic_balancer_drains_as_well(cloud: FleetCloud, enabled: bool, expected: int) -> None:
    client("elb").create_load_balancer(
        LoadBalancerName="shop-classic",
        AvailabilityZones=["eu-west-1a"],
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
    )
    client("elb").modify_load_balancer_attributes(
        LoadBalancerName="shop-classic",
        LoadBalancerAttributes={"ConnectionDraining": {"Enabled": enabled, "Timeout": 1800}},
    )
    assert fleet(target_group=None, load_balancer="shop-classic").handover_seconds() == expected


def test_what_is_gone_is_told_from_what_is_wrong() -> None:
    def error(message: str) -> ClientError:
        return ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "X")

    assert is_gone(error("AutoScalingGroup name not found - no such group: shop-dev-1"))
    assert not is_gone(error("Desired capacity must be at most the maximum"))
