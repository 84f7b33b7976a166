"""Launch templates: what every machine of a server group is made from, also later ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.cloud_names import security_group_ids

_TAKEN = "InvalidLaunchTemplateName.AlreadyExistsException"
# What a volume keeps of the image's own.
_DISK = ("VolumeSize", "VolumeType")


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """Everything that a new server group is made from; names are resolved to ids in the cloud.

    :param name: of the group, and of its launch template.
    :param user_data: base64, as EC2 wants it.
    :param tags: of the group, its template, its machines and their volumes.
    :param size: min, desired and max.
    :param like: name of the live group, whose tags, hooks and other settings are taken over.
    """

    name: str
    image_id: str
    instance_type: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    profile: str | None
    user_data: str
    tags: Mapping[str, str]
    size: tuple[int, int, int]
    like: str | None = None


def make_template(ec2: Any, launch: Launch) -> None:
    """Make a group's launch template, or find that it is made already.

    The name is what makes this call one call. A client token would answer with a template that
    was deleted since, when a release comes back within a day.

    :param ec2: a boto3 client.
    :raises EnvironmentMisconfigured: when the machine image does not exist.
    """
    data = _data(ec2, launch, _image(ec2, launch.image_id))
    specification = [{"ResourceType": "launch-template", "Tags": _tags(launch)}]
    try:
        ec2.create_launch_template(
            LaunchTemplateName=launch.name, LaunchTemplateData=data, TagSpecifications=specification
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != _TAKEN:
            raise
        if _image_of(ec2, launch.name) != launch.image_id:
            # It belongs to an earlier bake of the same release, and no group uses it any more.
            delete_template(ec2, launch.name)
            make_template(ec2, launch)


def delete_template(ec2: Any, name: str) -> None:
    """Remove a launch template; one that is gone already is fine."""
    named = [{"Name": "launch-template-name", "Values": [name]}]
    for template in ec2.describe_launch_templates(Filters=named)["LaunchTemplates"]:
        ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])


def template_names(ec2: Any, tags: Mapping[str, str]) -> tuple[str, ...]:
    """List the launch templates that carry all these tags."""
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    pages = ec2.get_paginator("describe_launch_templates").paginate(Filters=filters)
    return tuple(one["LaunchTemplateName"] for page in pages for one in page["LaunchTemplates"])


def _data(ec2: Any, launch: Launch, image: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "ImageId": launch.image_id, "InstanceType": launch.instance_type,
        "SecurityGroupIds": security_group_ids(ec2, launch.security_groups),
        "UserData": launch.user_data,
        # Version 2 of the metadata service only: a request that an application was tricked
        # into cannot read the machine's credentials.
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "BlockDeviceMappings": _encrypted(image),
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": _tags(launch)} for kind in ("instance", "volume")
        ],
    }  # fmt: skip
    if launch.profile:
        data["IamInstanceProfile"] = {"Name": launch.profile}
    return data


def _image_of(ec2: Any, name: str) -> str | None:
    answer = ec2.describe_launch_template_versions(LaunchTemplateName=name, Versions=["1"])
    image: str | None = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"].get("ImageId")
    return image


def _image(ec2: Any, image_id: str) -> Mapping[str, Any]:
    # A filter, since the codes that AWS refuses an unknown id with depend on how it looks.
    wanted = [{"Name": "image-id", "Values": [image_id]}]
    found: list[Mapping[str, Any]] = ec2.describe_images(Filters=wanted)["Images"]
    if not found:
        msg = f"the cloud has no machine image {image_id!r}"
        advice = "it was deregistered since the bake: run the deployment again from bake_image on"
        raise EnvironmentMisconfigured(msg, advice=advice)
    return found[0]


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
