"""What a run leaves behind that nobody needs: in the cloud, and in Docker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import docker

from include.localcloud.settings import ACCESS_KEY, SECRET_KEY
from include.stack import paths

# Of the environment that is tried; the project file says so too.
GROUP = "guestbook-dev"
MACHINES = 2
# Seconds that a cloud takes to end what it was told to.
_PATIENCE = 60.0
_ALIVE = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
_LOOSE = [{"Name": "status", "Values": ["available"]}]
# Of all that a bake makes for a while.
_BUILDER = "slipway-bake-"
_BAKED = ("guestbook-", "slipway-base-")
# What the embedded cloud begins with, also for images that it does not offer.
_CLOUDS_OWN = "Auto-created snapshot for AMI"


def leftovers() -> list[str]:
    """Return what is there and should not be, each in words, once the cloud has come to rest."""
    deadline = time.monotonic() + _PATIENCE
    while (found := [*_in_cloud(), *_in_docker()]) and time.monotonic() < deadline:
        time.sleep(2)
    return found


def builder_is_up() -> bool:
    """Tell whether a machine runs on which an application's image is made."""
    wanted = [
        {"Name": "tag:slipway:bake", "Values": [f"{_BUILDER}*-app"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    return bool(client("ec2").describe_instances(Filters=wanted)["Reservations"])


def _in_cloud() -> Iterator[str]:
    ec2, scaling = client("ec2"), client("autoscaling")
    groups = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    mine = [one for one in groups if one["AutoScalingGroupName"].startswith(GROUP)]
    if len(mine) != 1:
        yield f"{len(mine)} server groups"
    members = {one["InstanceId"] for group in mine for one in group["Instances"]}
    reservations = ec2.describe_instances(Filters=_ALIVE)["Reservations"]
    machines = {one["InstanceId"] for found in reservations for one in found["Instances"]}
    yield from (f"machine {name}" for name in sorted(machines - members))
    if len(members) != MACHINES:
        yield f"{len(members)} machines in the group"
    templates = ec2.describe_launch_templates()["LaunchTemplates"]
    if len(templates) != len(groups):
        yield f"{len(templates)} launch templates for {len(groups)} groups"
    yield from (f"key pair {one['KeyName']}" for one in ec2.describe_key_pairs()["KeyPairs"])
    for one in ec2.describe_security_groups()["SecurityGroups"]:
        if one["GroupName"].startswith(_BUILDER):
            yield f"security group {one['GroupName']}"
    for one in ec2.describe_volumes(Filters=_LOOSE)["Volumes"]:
        yield f"volume {one['VolumeId']}"
    yield from _images(ec2)


def _images(ec2: Any) -> Iterator[str]:
    images = ec2.describe_images(Owners=["self"])["Images"]
    yield from (f"image {one['ImageId']}" for one in images if one["State"] != "available")
    # Packer tags them last.
    baked = [one for one in images if one["Name"].startswith(_BAKED)]
    yield from (f"half an image {one['ImageId']}" for one in baked if not one.get("Tags"))
    used = {
        device["Ebs"].get("SnapshotId")
        for one in images
        for device in one["BlockDeviceMappings"]
        if "Ebs" in device
    }
    for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
        if one["SnapshotId"] not in used and not one["Description"].startswith(_CLOUDS_OWN):
            yield f"snapshot {one['SnapshotId']}"


def _in_docker() -> Iterator[str]:
    """Look for what tasks started there: each container and network has its run's label."""
    engine = docker.from_env()
    mine: dict[str, Any] = {
        "label": [f"slipway.installation={paths.INSTALLATION}", "slipway.run", "slipway.task"]
    }
    for container in engine.containers.list(all=True, filters=mine, ignore_removed=True):
        yield f"container {container.name}"
    for network in engine.networks.list(filters=mine):
        yield f"network {network.name}"


def client(service: str) -> Any:
    """Return a client of the cloud's.

    :param service: of AWS.
    """
    # The name of the service is not known to the type checker, so neither is the client.
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=paths.ENDPOINT,
        region_name=paths.REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
