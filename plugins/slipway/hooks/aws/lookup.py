"""Names that people write in project files, and the ids that the cloud wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slipway.exceptions import EnvironmentMisconfigured
from slipway.model.text.nearest import nearest


def subnet_ids(ec2: Any, names: tuple[str, ...]) -> list[str]:
    """Find subnets.

    :param ec2: a boto3 client.
    :param names: ids, or values of the Name tag.
    :raises EnvironmentMisconfigured: naming the nearest there is.
    """
    found = ec2.describe_subnets()["Subnets"]
    by_name = {tags_of(one).get("Name", ""): one["SubnetId"] for one in found}
    return _resolve("subnet", names, by_name, {one["SubnetId"] for one in found})


def security_group_ids(ec2: Any, names: tuple[str, ...]) -> list[str]:
    """Find security groups.

    :param ec2: a boto3 client.
    :param names: ids, or group names.
    :raises EnvironmentMisconfigured: naming the nearest there is.
    """
    found = ec2.describe_security_groups()["SecurityGroups"]
    by_name = {one["GroupName"]: one["GroupId"] for one in found}
    return _resolve("security group", names, by_name, {one["GroupId"] for one in found})


def tags_of(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of anything that the cloud described."""
    return {tag["Key"]: tag["Value"] for tag in raw.get("Tags", ())}


def missing(what: str, name: str, there: Iterable[str]) -> EnvironmentMisconfigured:
    """Say that the cloud lacks something, and what comes nearest.

    :param what: the kind of thing.
    :param name: as it was looked for.
    :param there: the names that there are.
    """
    near = nearest(name, there)
    hint = f"did you mean {near!r}?" if near else "create it, or correct the project file"
    return EnvironmentMisconfigured(f"the cloud has no {what} {name!r}", advice=hint)


def _resolve(
    what: str, names: tuple[str, ...], by_name: Mapping[str, str], ids: set[str]
) -> list[str]:
    for name in names:
        if name not in ids and name not in by_name:
            raise missing(what, name, by_name)
    return [name if name in ids else by_name[name] for name in names]
