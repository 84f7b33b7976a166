"""What must be true of an environment when all is done."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import docker

from tests.cloud_process import APP_PORT
from tests.faults.cloud import INSTALLATION, PROJECT, client
from tests.faults.lane import SIZE, Lane
from tests.faults.lease_check import token
from tests.faults.watch import healthy

# Seconds in which machines that were let go of may leave.
_SETTLING = 60.0
_ALIVE = ("pending", "running", "stopping", "stopped", "shutting-down")


@dataclass(kw_only=True, slots=True)
class Expected:
    """How it should end.

    :param version: what serves.
    :param standby: the version that was found kept warm, if any.
    """

    version: str
    image_id: str
    standby: str = field(default="")


def broken_at_the_end(lane: Lane, expected: Expected) -> list[str]:
    """Return what is not as it should be, once everything had time to settle."""
    deadline = time.monotonic() + _SETTLING
    while (broken := list(_broken(lane, expected))) and time.monotonic() < deadline:
        time.sleep(0.3)
    return broken


def _broken(lane: Lane, expected: Expected) -> Iterator[str]:
    every = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    prefix = f"{PROJECT}-{lane.environment}-"
    groups = [one for one in every if one["AutoScalingGroupName"].startswith(prefix)]
    serving = [one for one in groups if one["TargetGroupARNs"]]
    if [_tags(one).get("slipway:version") for one in serving] != [expected.version]:
        yield f"in traffic: {[one['AutoScalingGroupName'] for one in serving]}"
        return
    yield from _live(lane, serving[0], expected)
    for other in groups:
        if other is not serving[0]:
            yield from _warm(other)
    warm = [_tags(one).get("slipway:version", "") for one in groups if one is not serving[0]]
    expected.standby = next(iter(warm), "")
    names = {one["AutoScalingGroupName"] for one in groups}
    yield from _leftovers(lane, prefix, names)
    yield from _machines(lane, groups, expected)


def _live(lane: Lane, group: Mapping[str, Any], expected: Expected) -> Iterator[str]:
    tags, name = _tags(group), group["AutoScalingGroupName"]
    if held := {one["ProcessName"] for one in group["SuspendedProcesses"]}:
        yield f"{name} is still held: {held}"
    for key in ("slipway:held", "slipway:standby-until"):
        if key in tags:
            yield f"{name} has the tag {key}"
    if tags.get("slipway:image") != expected.image_id or "slipway:live-since" not in tags:
        yield f"{name} has the tags {tags}"
    if group["DesiredCapacity"] != SIZE or len(group["Instances"]) != SIZE:
        yield f"{name} has {len(group['Instances'])} of {group['DesiredCapacity']} machines"
    if (serving := healthy(lane.target_group)) != SIZE:
        yield f"{serving} of {SIZE} machines are healthy"


def _warm(group: Mapping[str, Any]) -> Iterator[str]:
    tags, name = _tags(group), group["AutoScalingGroupName"]
    if "Status" in group:
        yield f"{name} does not go away"
    if not {"slipway:standby-until", "slipway:live-since"} <= tags.keys():
        yield f"{name} is left over"


def _leftovers(lane: Lane, prefix: str, names: set[str]) -> Iterator[str]:
    found = client("ec2").describe_launch_templates()["LaunchTemplates"]
    templates = {one["LaunchTemplateName"] for one in found}
    if (ours := {one for one in templates if one.startswith(prefix)}) != names:
        yield f"launch templates: {sorted(ours)}, but groups: {sorted(names)}"
    found = client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    if lost := {
        one["AlarmName"] for one in found if one["AlarmName"].partition("/")[0] not in names
    }:
        yield f"alarms without a group: {sorted(lost)}"
    if (lease := token(lane)) is not None:
        yield f"the lease is held: {lease}"


def _machines(lane: Lane, groups: list[dict[str, Any]], expected: Expected) -> Iterator[str]:
    named = [{"Name": "tag:slipway:environment", "Values": [lane.environment]}]
    pages = client("ec2").get_paginator("describe_instances").paginate(Filters=named)
    every = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    alive = {one["InstanceId"]: one for one in every if one["State"]["Name"] in _ALIVE}
    members = {i["InstanceId"]: one for one in groups for i in one["Instances"]}
    if alive.keys() != members.keys():
        yield f"machines {sorted(alive)}, but members {sorted(members)}"
        return
    containers = _containers()
    gone = {one["InstanceId"] for one in every} - alive.keys()
    if odd := (containers & gone) | (alive.keys() - containers):
        yield f"containers and machines differ: {sorted(odd)}"
    for instance_id, group in members.items():
        yield from _machine(alive[instance_id], _tags(group)["slipway:version"], expected)


def _machine(machine: Mapping[str, Any], version: str, expected: Expected) -> Iterator[str]:
    name, tags = machine["InstanceId"], _tags(machine)
    if tags.get("slipway:version") != version or machine["ImageId"] != expected.image_id:
        yield f"{name} of {version} has the tags {tags} and the image {machine['ImageId']}"
    address = f"http://{machine['PrivateIpAddress']}:{APP_PORT}/"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            said = answer.read().decode()
    except OSError as error:
        said = repr(error)
    if said != version:
        yield f"{name} of {version} answers {said}"


def _containers() -> set[str]:
    api = docker.from_env()
    try:
        mine: Any = {"label": [f"slipway.installation={INSTALLATION}"]}
        found = api.containers.list(all=True, filters=mine, ignore_removed=True)
        return {one.labels["slipway.instance"] for one in found if "slipway.instance" in one.labels}
    finally:
        api.close()


def _tags(described: Mapping[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in described.get("Tags", ())}
