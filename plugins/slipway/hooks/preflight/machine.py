"""What machines would be made of: image, instance type, profile, and what passes on to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.live_machines import live_machines
from slipway.hooks.fleet.scaling_rules import lifecycle_hooks
from slipway.model.nearest import Named
from slipway.model.preflight_facts import (
    ImageSeen,
    InheritedSeen,
    InstanceTypeSeen,
    Needs,
    ProfileSeen,
)

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
    """Look at what passes on from the serving group: its key pair, and whom its hooks tell."""
    if needs.like is None:
        return None
    groups = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[needs.like])
    for group in groups["AutoScalingGroups"]:
        key, there = "", tuple[Named, ...]()
        if "key_pair" not in needs.drop:
            key, there = _key_pair(client, group), tuple(_key_pairs(client))
        gone = key if key and key not in [one.name for one in there] else ""
        deaf = () if "hooks" in needs.drop else tuple(_deaf(client, needs.like))
        return InheritedSeen(key_pair=gone, key_pairs=there if gone else (), hooks=deaf)
    return None


def _key_pair(client: Client, group: Mapping[str, Any]) -> str:
    """Return the key pair of a group's machines; empty where they have none."""
    return str(live_machines(client, group).get("KeyName") or "")


def _key_pairs(client: Client) -> Iterator[Named]:
    for one in client("ec2").describe_key_pairs()["KeyPairs"]:
        yield Named(name=one["KeyName"], tags=tags_of(one))


def _deaf(client: Client, group: str) -> Iterator[tuple[str, str]]:
    """List the lifecycle hooks that tell somebody who is not there."""
    for hook in lifecycle_hooks(client, group):
        target = str(hook.get("NotificationTargetARN") or "")
        if target and not _hears(client, target):
            yield str(hook["LifecycleHookName"]), target


def _hears(client: Client, arn: str) -> bool:
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    try:
        if service == "sns":
            client("sns").get_topic_attributes(TopicArn=arn)
        elif service == "sqs":
            client("sqs").get_queue_url(QueueName=name, QueueOwnerAWSAccountId=arn.split(":")[4])
    except ClientError as error:
        # Whoever may not look does not know.
        code = str(error.response["Error"]["Code"])
        return "NotFound" not in code and "NonExistent" not in code and "DoesNotExist" not in code
    return True
