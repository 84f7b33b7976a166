"""What a serving group passes on by name, and whether each of these things is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.aws.errors import is_missing
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.traffic_sources import sources_of
from slipway.model.cloud.inherited_facts import GoneSeen
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import Named

Client = Callable[[str], Any]
_ELBV2, _CLASSIC = "elbv2", "elb"
_ROOTS = ("/dev/xvda", "/dev/sda1")
# Of these states machines may still be launched into a capacity reservation.
_USABLE = ("active", "assessing", "pending", "scheduled")


def gone(
    client: Client, needs: Needs, group: Mapping[str, Any], machines: Mapping[str, Any]
) -> Iterator[GoneSeen]:
    """Yield what is named by a group, or by what its machines are made of, and is not there.

    What may not be asked is taken for there: the launch will say so.

    :param client: makes one, of a service of AWS.
    :param needs: of the deployment, and what it does not want to pass on.
    :param group: as Auto Scaling describes it.
    :param machines: the data of its launch template.
    """
    looks: dict[str, Callable[[], Iterator[GoneSeen]]] = {
        "placement": lambda: _placement(client, group, machines),
        "volumes": lambda: _snapshots(client, machines),
        "capacity_reservation": lambda: _reservation(client, machines),
        "mixed_instances": lambda: _types(client, group),
        "balancers": lambda: _balancers(client, needs, group),
    }
    for name, look in looks.items():
        if name not in needs.drop:
            yield from _allowed(look())


def _allowed(found: Iterator[GoneSeen]) -> Iterator[GoneSeen]:
    try:
        yield from found
    except ClientError:
        return


def _placement(
    client: Client, group: Mapping[str, Any], machines: Mapping[str, Any]
) -> Iterator[GoneSeen]:
    name = (machines.get("Placement") or {}).get("GroupName") or group.get("PlacementGroup")
    if name:
        there = client("ec2").describe_placement_groups()["PlacementGroups"]
        if name not in [one["GroupName"] for one in there]:
            names = tuple(Named(name=one["GroupName"], tags=tags_of(one)) for one in there)
            what = f"placement group {name!r}"
            yield GoneSeen(what=what, drop="placement", name=name, names=names)


def _snapshots(client: Client, machines: Mapping[str, Any]) -> Iterator[GoneSeen]:
    for one in machines.get("BlockDeviceMappings") or ():
        snapshot = (one.get("Ebs") or {}).get("SnapshotId")
        if one["DeviceName"] in _ROOTS:  # it is the new image's
            continue
        wanted = [{"Name": "snapshot-id", "Values": [snapshot]}]
        if snapshot and not client("ec2").describe_snapshots(Filters=wanted)["Snapshots"]:
            what = f"snapshot {snapshot!r} of volume {one['DeviceName']}"
            yield GoneSeen(what=what, drop="volumes")


def _reservation(client: Client, machines: Mapping[str, Any]) -> Iterator[GoneSeen]:
    said = machines.get("CapacityReservationSpecification") or {}
    name = (said.get("CapacityReservationTarget") or {}).get("CapacityReservationId")
    if name:
        wanted = [{"Name": "state", "Values": list(_USABLE)}]
        answer = client("ec2").describe_capacity_reservations(Filters=wanted)
        if name not in [one["CapacityReservationId"] for one in answer["CapacityReservations"]]:
            yield GoneSeen(what=f"capacity reservation {name!r}", drop="capacity_reservation")


def _types(client: Client, group: Mapping[str, Any]) -> Iterator[GoneSeen]:
    policy = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    named = [one["InstanceType"] for one in policy.get("Overrides") or () if "InstanceType" in one]
    if named:
        wanted = [{"Name": "instance-type", "Values": named}]
        pages = client("ec2").get_paginator("describe_instance_type_offerings")
        pages = pages.paginate(LocationType="region", Filters=wanted)
        there = {one["InstanceType"] for page in pages for one in page["InstanceTypeOfferings"]}
        for name in named:
            if name not in there:
                yield GoneSeen(what=f"instance type {name!r}", drop="mixed_instances")


def _balancers(client: Client, needs: Needs, group: Mapping[str, Any]) -> Iterator[GoneSeen]:
    """Yield further target groups and classic load balancers; of VPC Lattice nobody is asked."""
    for one in sources_of(group):
        if one.name in (needs.target_group, needs.load_balancer):
            continue
        try:
            if one.kind == _ELBV2:
                client("elbv2").describe_target_groups(TargetGroupArns=[one.key])
            elif one.kind == _CLASSIC:
                client("elb").describe_load_balancers(LoadBalancerNames=[one.key])
        except ClientError as error:
            if not is_missing(error):
                raise
            kind = "target group" if one.kind == _ELBV2 else "load balancer"
            yield GoneSeen(what=f"{kind} {one.name!r}", drop="balancers")
