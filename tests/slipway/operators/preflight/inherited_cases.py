"""What the serving group passes on, and is gone."""

from __future__ import annotations

from typing import Any

from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.preflight import world
from tests.slipway.operators.preflight.deployments import Cases, Way, entering

CASES: Cases = {}
case = entering(CASES)


def _machines(way: Way, **more: Any) -> None:
    """Have the serving group's machines made of more."""
    data = {"ImageId": world.image(), "InstanceType": "t3.micro", "KeyName": "shop-ops", **more}
    way.answers.by_call["DescribeLaunchTemplateVersions"] = lambda _: {
        "LaunchTemplateVersions": [{"LaunchTemplateData": data}]
    }


def _group(way: Way, **more: Any) -> None:
    """Have the serving group say more."""
    answer = client("autoscaling").describe_auto_scaling_groups()
    (found,) = answer["AutoScalingGroups"]
    way.answers.by_call["DescribeAutoScalingGroups"] = lambda _: {
        "AutoScalingGroups": [{**found, **more}]
    }


@case(
    "placement group",
    "placement group 'shop-spraed' of the serving group does not exist; did you mean "
    "'shop-spread'? (...`instance: {drop: [placement]}`",
)
def _(way: Way) -> None:
    groups = [{"GroupName": "shop-spread"}, {"GroupName": "blog-spraed"}]
    way.answers.by_call["DescribePlacementGroups"] = lambda _: {"PlacementGroups": groups}
    _machines(way, Placement={"GroupName": "shop-spraed"})


@case("snapshot of a volume", "snapshot 'snap-0123' of volume /dev/sdf of the serving group does")
def _(way: Way) -> None:
    disks = [
        {"DeviceName": one, "Ebs": {"SnapshotId": "snap-0123"}} for one in ("/dev/sda1", "/dev/sdf")
    ]
    _machines(way, BlockDeviceMappings=disks)


@case("capacity reservation", "capacity reservation 'cr-2' of the serving group does not exist")
def _(way: Way) -> None:
    known = [{"CapacityReservationId": "cr-1"}]
    way.answers.by_call["DescribeCapacityReservations"] = lambda _: {"CapacityReservations": known}
    target = {"CapacityReservationTarget": {"CapacityReservationId": "cr-2"}}
    _machines(way, CapacityReservationSpecification=target)


@case("type of a mix", "instance type 't1.gone' of the serving group does not exist")
def _(way: Way) -> None:
    template = {"LaunchTemplateName": "shop-dev-1", "Version": "1"}
    types = [{"InstanceType": "t3.micro"}, {"InstanceType": "t1.gone"}]
    mix = {"LaunchTemplate": {"LaunchTemplateSpecification": template, "Overrides": types}}
    _group(way, LaunchTemplate=None, MixedInstancesPolicy=mix)


@case("further target group", "target group 'shop-admin' of the serving group does not exist")
def _(way: Way) -> None:
    gone = world.arn("shop-dev").replace("shop-dev", "shop-admin")
    _group(way, TargetGroupARNs=[world.arn("shop-dev"), gone])


@case("further classic balancer", "load balancer 'shop-old' of the serving group does not exist")
def _(way: Way) -> None:
    _group(way, LoadBalancerNames=["shop-old", "shop-dev-classic"])
