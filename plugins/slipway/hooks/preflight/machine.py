"""What machines would be made of: image, instance type, profile, and what passes on to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.live_machines import live_machines
from slipway.hooks.preflight.notified import deaf_hooks, lost_topics, topics
from slipway.hooks.preflight.passing_on import gone
from slipway.model.cloud.inherited_facts import InheritedSeen
from slipway.model.cloud.preflight_facts import (
    ImageSeen,
    InstanceTypeSeen,
    ProfileSeen,
)
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import Named

Client = Callable[[str], Any]
_EC2 = "ec2.amazonaws.com"


def image(client: Client, needs: Needs) -> ImageSeen | None:
    """Look at the machine image; None where there is none, or none yet."""
    if needs.image_id is None:
        return None
    wanted = [{"Name": "image-id", "Values": [needs.image_id]}]
    found = client("ec2").describe_images(Filters=wanted)["Images"]
    if not found:
        return None
    return ImageSeen(
        id=needs.image_id,
        state=found[0].get("State") or "available",
        architecture=found[0].get("Architecture") or "",
    )


def instance_type(client: Client, needs: Needs) -> InstanceTypeSeen:
    """Look at the instance type, and the zones that have it."""
    name, ec2 = needs.instance_type, client("ec2")
    try:
        (found,) = ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInstanceType":
            raise
        return InstanceTypeSeen(name=name, known=False, names=tuple(_offered(ec2, "region")))
    zones = _offered(ec2, "availability-zone", name)
    return InstanceTypeSeen(
        name=name,
        architectures=frozenset(found["ProcessorInfo"]["SupportedArchitectures"]),
        vcpus=int(found["VCpuInfo"]["DefaultVCpus"]),
        zones=frozenset(zones),
    )


def _offered(ec2: Any, by: str, name: str = "") -> Iterator[str]:
    wanted = [{"Name": "instance-type", "Values": [name]}] if name else []
    pages = ec2.get_paginator("describe_instance_type_offerings")
    for page in pages.paginate(LocationType=by, Filters=wanted):
        for one in page["InstanceTypeOfferings"]:
            yield one["Location"] if name else one["InstanceType"]


def profile(client: Client, needs: Needs) -> ProfileSeen | None:
    """Look at the instance profile and its role; None where machines have none."""
    if needs.profile is None:
        return None
    iam = client("iam")
    try:
        found = iam.get_instance_profile(InstanceProfileName=needs.profile)["InstanceProfile"]
    except iam.exceptions.NoSuchEntityException:
        return ProfileSeen(name=needs.profile, known=False, names=tuple(_profiles(iam)))
    roles = found["Roles"]
    return ProfileSeen(
        name=needs.profile,
        roles=tuple(role["RoleName"] for role in roles),
        trusts_ec2=any(_EC2 in _words(role.get("AssumeRolePolicyDocument")) for role in roles),
    )


def _profiles(iam: Any) -> Iterator[Named]:
    for page in iam.get_paginator("list_instance_profiles").paginate():
        for one in page["InstanceProfiles"]:
            yield Named(name=one["InstanceProfileName"], tags=tags_of(one))


def _words(document: Any) -> str:
    """Return a policy as text; IAM gives it in the escapes of a URL, botocore as an object."""
    return unquote(document) if isinstance(document, str) else str(document)


def inherited(client: Client, needs: Needs) -> InheritedSeen | None:
    """Look at what passes on from the serving group: key pair, keys of volumes, who is told."""
    if needs.like is None:
        return None
    groups = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[needs.like])
    for group in groups["AutoScalingGroups"]:
        machines, there = live_machines(client, group), tuple[Named, ...]()
        key = "" if "key_pair" in needs.drop else str(machines.get("KeyName") or "")
        if key:
            there = tuple(_key_pairs(client))
        lost_key = key if key not in [one.name for one in there] else ""
        drops = needs.drop
        hooks = () if "hooks" in drops else tuple(deaf_hooks(client, needs.like))
        lost = () if "notifications" in drops else tuple(lost_topics(client, needs.like))
        return InheritedSeen(
            key_pair=lost_key,
            key_pairs=there if lost_key else (),
            hooks=hooks,
            lost_topics=lost,
            topics=topics(client) if hooks or lost else (),
            gone=tuple(gone(client, needs, group, machines)),
            volume_keys=() if "volumes" in drops else tuple(_volume_keys(machines)),
        )
    return None


def _key_pairs(client: Client) -> Iterator[Named]:
    for one in client("ec2").describe_key_pairs()["KeyPairs"]:
        yield Named(name=one["KeyName"], tags=tags_of(one))


def _volume_keys(machines: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys that volumes are encrypted with, each with its device."""
    for one in machines.get("BlockDeviceMappings") or ():
        if key := (one.get("Ebs") or {}).get("KmsKeyId"):
            yield str(key), str(one["DeviceName"])
