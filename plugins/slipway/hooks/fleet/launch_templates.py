"""Launch templates: what every machine of a server group is made from, also later ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.aws.lookup import tags_of
from slipway.model.cloud.launch import Launch
from slipway.model.cloud.tags import ENVIRONMENT, PROJECT

_TAKEN = "InvalidLaunchTemplateName.AlreadyExistsException"
# A machine reads its own tags from the metadata service only if each of their keys is like this.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
_READABLE = re.compile(r"[A-Za-z0-9+\-=.,_:@]{1,128}")
_UNREADABLE = frozenset({".", "..", "_index"})
# What a volume keeps of the image's own.
_DISK = ("VolumeSize", "VolumeType")


def make_template(
    ec2: Any, launch: Launch, data: Mapping[str, Any], fence: Callable[[], None]
) -> None:
    """Make a group's launch template, or find that it is made already.

    The name is what makes this call one call. A client token would answer with a template that
    was deleted since, when a release comes back within a day.

    :param ec2: a boto3 client.
    :param launch: what the group is made from.
    :param data: what its machines are made from.
    :param fence: comes before each change.
    :raises EnvironmentMisconfigured: when the template is somebody else's.
    """
    wanted = {
        "LaunchTemplateName": launch.name,
        "LaunchTemplateData": data,
        "TagSpecifications": [{"ResourceType": "launch-template", "Tags": _tags(launch)}],
    }
    fence()
    try:
        ec2.create_launch_template(**wanted)
    except ClientError as error:
        if error.response["Error"]["Code"] != _TAKEN:
            raise
    else:
        return
    if _is_made(ec2, launch, data):
        return
    # It is left of an earlier bake, an earlier form of the project file or of the live group, and
    # no group uses it any more: a release whose group is there is not launched.
    delete_template(ec2, launch.name, fence)
    fence()
    ec2.create_launch_template(**wanted)


def _is_made(ec2: Any, launch: Launch, data: Mapping[str, Any]) -> bool:
    """Compare the template of our name with what was wanted."""
    for template in _named(ec2, launch.name):
        owned("launch template", launch, tags_of(template))
    answer = ec2.describe_launch_template_versions(LaunchTemplateName=launch.name, Versions=["1"])
    found = dict(answer["LaunchTemplateVersions"][0]["LaunchTemplateData"])
    its = found.get("TagSpecifications") or ()
    found["TagSpecifications"] = [one for one in its if one["ResourceType"] != "launch-template"]
    return all(_same(found.get(key), data.get(key)) for key in {*found, *data})


def _same(found: Any, wanted: Any) -> bool:
    """Compare what EC2 gives back with what it was given: it says more of some things."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        return all(_same(found.get(key), one) for key, one in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    # What was not asked for is there in its usual form, or not at all.
    return bool(found == wanted) or (wanted is None and not found)


def owned(kind: str, launch: Launch, tags: Mapping[str, str]) -> None:
    """Make sure that what has our name is ours: ``shop-dev`` on ``eu`` is ``shop`` on ``dev-eu``.

    :param kind: of the thing, for people.
    :param launch: what it should be.
    :param tags: that it has.
    :raises EnvironmentMisconfigured: when it is not.
    """
    mine, its = ((by.get(PROJECT), by.get(ENVIRONMENT)) for by in (launch.tags, tags))
    if mine != its:
        whose = f"project {its[0]}, environment {its[1]}" if all(its) else "nobody that is noted"
        msg = f"there is a {kind} {launch.name} already, and it belongs to {whose}"
        advice = "rename the project or the environment, so that their names differ when joined"
        raise EnvironmentMisconfigured(msg, advice=advice)


def delete_template(ec2: Any, name: str, fence: Callable[[], None]) -> None:
    """Remove a launch template; one that is gone already is fine.

    :param ec2: a boto3 client.
    :param name: the template's.
    :param fence: comes before the change.
    """
    for template in _named(ec2, name):
        fence()
        ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])


def _named(ec2: Any, name: str) -> list[Mapping[str, Any]]:
    named = [{"Name": "launch-template-name", "Values": [name]}]
    found: list[Mapping[str, Any]] = ec2.describe_launch_templates(Filters=named)["LaunchTemplates"]
    return found


def template_names(ec2: Any, tags: Mapping[str, str]) -> tuple[str, ...]:
    """List the launch templates that carry all these tags."""
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    pages = ec2.get_paginator("describe_launch_templates").paginate(Filters=filters)
    return tuple(one["LaunchTemplateName"] for page in pages for one in page["LaunchTemplates"])


def template_data(launch: Launch, image: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    """Return what a group's machines are made from, by the release and the project file alone.

    :param launch: what the group is made from.
    :param image: the machine image, as EC2 describes it.
    :param groups: ids of the security groups.
    """
    data: dict[str, Any] = {
        "ImageId": launch.image_id,
        "InstanceType": launch.instance_type,
        "SecurityGroupIds": groups,
        "UserData": launch.user_data,
        # Version 2 of the metadata service only: a request that an application was tricked
        # into cannot read the machine's credentials.
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "BlockDeviceMappings": _encrypted(image),
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": _tags(launch)} for kind in ("instance", "volume")
        ],
    }
    if launch.profile:
        data["IamInstanceProfile"] = {"Name": launch.profile}
    return data


def readable(keys: Iterable[str]) -> str:
    """Let machines read their tags, unless EC2 would refuse to launch them for a key of those."""
    odd = [key for key in keys if key in _UNREADABLE or not _READABLE.fullmatch(key)]
    return "disabled" if odd else "enabled"


def find_images(
    ec2: Any, image_id: str, old_image_id: str, *, baked: bool = True
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read the machine image of a release, and that of the live group, which may be gone.

    :param ec2: a boto3 client.
    :param image_id: of the release.
    :param old_image_id: of the live group; empty where it has none.
    :param baked: otherwise that of the release need not be there yet, and the other stands for it.
    :raises EnvironmentMisconfigured: when there is no image of the release.
    """
    # A filter, since the codes that AWS refuses an unknown id with depend on how it looks.
    wanted = [{"Name": "image-id", "Values": sorted({image_id, old_image_id} - {""})}]
    found = {one["ImageId"]: one for one in ec2.describe_images(Filters=wanted)["Images"]}
    if image_id not in found and not baked:
        return (old := found.get(old_image_id, {})), old
    if image_id not in found:
        msg = f"the cloud has no machine image {image_id!r}"
        advice = "it was deregistered since the bake: run the deployment again from bake_image on"
        raise EnvironmentMisconfigured(msg, advice=advice)
    return found[image_id], found.get(old_image_id, {})


def _encrypted(image: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Encrypt every volume of a machine, also where the image's own snapshot is not encrypted."""
    disks = [one for one in image.get("BlockDeviceMappings", ()) if "Ebs" in one]
    wanted = {"Encrypted": True, "DeleteOnTermination": True}
    return [
        {
            "DeviceName": disk["DeviceName"],
            "Ebs": {key: disk["Ebs"][key] for key in _DISK if key in disk["Ebs"]} | wanted,
        }
        for disk in disks
    ]


def _tags(launch: Launch) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in launch.tags.items()]
