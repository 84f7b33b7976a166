"""What a release reads and is watched by: parameters, their keys, alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.fleet.alarms import alarm_names, read_alarms
from slipway.model.cloud.preflight_facts import ENABLED, AlarmsSeen, KeySeen, ParameterSeen
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import Named

Client = Callable[[str], Any]
# Alarms of an account that are read to find the name that somebody meant.
_MOST_ALARMS = 2000
# AWS's own keys, which cannot be disabled; said with or without what an ARN has before it.
_MANAGED = "alias/aws/"


def alarms(client: Client, needs: Needs) -> AlarmsSeen | None:
    """Look for the alarms; None where none are listened to."""
    if not needs.alarms:
        return None
    found = {one.name for one in read_alarms(client("cloudwatch"), needs.alarms)}
    missing = tuple(sorted(set(needs.alarms) - found))
    there = alarm_names(client("cloudwatch"), _MOST_ALARMS) if missing else ()
    return AlarmsSeen(missing=missing, names=there)


def parameters(client: Client, needs: Needs) -> tuple[ParameterSeen, ...]:
    """List the environment's parameters, without their values."""
    below = [{"Key": "Path", "Option": "Recursive", "Values": [needs.parameter_path.rstrip("/")]}]
    pages = client("ssm").get_paginator("describe_parameters").paginate(ParameterFilters=below)
    return tuple(
        ParameterSeen(path=one["Name"], key=str(one.get("KeyId") or ""))
        for page in pages
        for one in page["Parameters"]
    )


def keys(
    client: Client,
    found: Sequence[ParameterSeen],
    disks: Sequence[str],
    volumes: Sequence[tuple[str, str]] = (),
) -> Iterator[tuple[str, Callable[[], KeySeen]]]:
    """Return the keys that encrypt what machines read, and how to ask for each.

    :param client: gives the boto3 client of a service by its name.
    :param found: the parameters.
    :param disks: keys of the machine image's disks.
    :param volumes: keys of the volumes that pass on from the serving group, each with its device.
    """
    used = {key: f"volume {device} of the serving group" for key, device in volumes}
    used |= {one.key: f"parameter {one.path}" for one in found if one.key}
    used |= dict.fromkeys(disks, "the machine image's disks")
    inherited = {key for key, _ in volumes}
    for key, what in sorted(used.items()):
        if _MANAGED not in key:
            yield key, partial(_key, client, key, what, key in inherited)


def disk_keys(client: Client, needs: Needs) -> tuple[str, ...]:
    """List the keys without which no machine can be made of the image."""
    if needs.image_id is None:
        return ()
    wanted = [{"Name": "image-id", "Values": [needs.image_id]}]
    images = client("ec2").describe_images(Filters=wanted)["Images"]
    every = (disk.get("Ebs", {}) for one in images for disk in one.get("BlockDeviceMappings", ()))
    encrypted = [one["SnapshotId"] for one in every if one.get("Encrypted") and "SnapshotId" in one]
    if not encrypted:
        return ()
    found = client("ec2").describe_snapshots(SnapshotIds=encrypted)["Snapshots"]
    return tuple(sorted({one["KmsKeyId"] for one in found if one.get("KmsKeyId")}))


def _key(client: Client, key: str, used_by: str, inherited: bool) -> KeySeen:
    kms = client("kms")
    try:
        state = str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        state = ""
    names = () if state == ENABLED else tuple(_aliases(kms))
    return KeySeen(id=key, state=state, used_by=used_by, inherited=inherited, names=names)


def _aliases(kms: Any) -> Iterator[Named]:
    """List the names of keys, for a hint; none where that may not be asked."""
    try:
        pages = kms.get_paginator("list_aliases").paginate()
        every = (one["AliasName"] for page in pages for one in page["Aliases"])
        yield from (Named(name=name) for name in every if _MANAGED not in name)
    except ClientError:
        return
