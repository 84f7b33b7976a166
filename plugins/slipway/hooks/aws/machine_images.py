"""Machine images, found by what went into them, and what a killed bake leaves behind.

An image is complete when it is available and carries all its tags: Packer writes the tags last,
so an image without them is the remains of a try that was killed. Tags say what an image claims to
be, and no more: whoever may tag can write them. What it is, its record says
(:mod:`slipway.hooks.store.image_records`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from botocore.exceptions import ClientError

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.aws.candidate_images import CandidateImages
from slipway.hooks.aws.errors import is_missing, translate_errors
from slipway.hooks.aws.lookup import tags_of
from slipway.model.cloud.machine import SourceImage

BAKE_TAG = "slipway:bake"
# Seconds between two looks, and how often: deleting a group fails until its machine is gone.
_POLL = {"Delay": 2, "MaxAttempts": 90}


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildNetwork:
    """Where a builder stands.

    :param vpc: its id.
    :param subnet: its id.
    :param cidr: of the network, from which the builder may be reached.
    """

    vpc: str
    subnet: str
    cidr: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image that is there.

    :param image_id: the AMI's id.
    :param name: its name.
    :param tags: on it.
    :param owner: id of the account whose it is; nobody can choose it.
    :param architecture: as EC2 calls it, ``x86_64``.
    """

    image_id: str
    name: str
    tags: dict[str, str]
    owner: str = ""
    architecture: str = ""


class ImageCatalogue:
    """The images of one account and region.

    :param ec2: a boto3 client.
    """

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    @property
    def candidates(self) -> CandidateImages:
        """The images of this account and region whose release has not passed yet."""
        return CandidateImages(self._ec2)

    @translate_errors
    def matching(self, tags: Mapping[str, str]) -> tuple[Image, ...]:
        """List the account's available images that carry all these tags, the newest first.

        Newest by the cloud's own clock.
        """
        filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
        filters.append({"Name": "state", "Values": ["available"]})
        images = self._ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
        ordered = sorted(images, key=lambda raw: (raw["CreationDate"], raw["ImageId"]))
        return tuple(_image(raw) for raw in reversed(ordered))

    @translate_errors
    def look_up(self, image_id: str) -> Image | None:
        """Return an image, of whichever account it is, or None where there is none."""
        # A filter, since the codes that AWS refuses an unknown id with depend on how it looks.
        wanted = [{"Name": "image-id", "Values": [image_id]}]
        found = self._ec2.describe_images(Filters=wanted)["Images"]
        return _image(found[0]) if found else None

    @translate_errors
    def free_name(self, name: str) -> str:
        """Return a name that no complete image has: this one, or with a number behind it.

        Names are unique in an account, and a complete image that nobody recorded keeps its name.
        """
        filters = [{"Name": "name", "Values": [name, f"{name}-*"]}]
        images = self._ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
        taken = {image["Name"] for image in images if image.get("Tags")}
        names = (name if number == 1 else f"{name}-{number}" for number in count(1))
        return next(one for one in names if one not in taken)

    @translate_errors
    def source(self, wanted: SourceImage, architecture: str) -> Image:
        """Return the image that a base layer starts from.

        :param wanted: one by its id, or the newest of a name.
        :param architecture: of the newest, as EC2 calls it; of any when empty.
        :raises EnvironmentMisconfigured: when there is none, or the one is not for that
            architecture.
        """
        filters = [{"Name": "state", "Values": ["available"]}]
        if wanted.image_id:
            filters.append({"Name": "image-id", "Values": [wanted.image_id]})
            images = self._ec2.describe_images(Filters=filters)["Images"]
        else:
            filters.append({"Name": "name", "Values": [wanted.name]})
            if architecture:
                filters.append({"Name": "architecture", "Values": [architecture]})
            found = self._ec2.describe_images(Owners=[wanted.owner], Filters=filters)
            images = found["Images"]
        if not images:
            raise _no_source(wanted, architecture)
        image = _image(max(images, key=lambda image: image["CreationDate"]))
        if architecture and image.architecture != architecture:
            msg = f"{image.image_id} ({image.name}) is of {image.architecture}, not {architecture}"
            raise EnvironmentMisconfigured(msg, advice="correct machine.ami, or architecture")
        return image

    @translate_errors
    def ground(self) -> BuildNetwork:
        """Return the default network and one of its subnets.

        :raises EnvironmentMisconfigured: when the region has no default network.
        """
        default = [{"Name": "is-default", "Values": ["true"]}]
        networks = self._ec2.describe_vpcs(Filters=default)["Vpcs"]
        if not networks:
            msg = "the region has no default network to bake in"
            raise EnvironmentMisconfigured(msg, advice="aws ec2 create-default-vpc makes one")
        vpc = networks[0]
        here = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        subnets = self._ec2.describe_subnets(Filters=here)["Subnets"]
        return BuildNetwork(vpc=vpc["VpcId"], subnet=subnets[0]["SubnetId"], cidr=vpc["CidrBlock"])

    @translate_errors
    def open_group(
        self, bake: str, ground: BuildNetwork, marks: Mapping[str, str] | None = None
    ) -> str:
        """Make the builder's security group: ssh from its own network, nothing else.

        :param bake: the bake's name, which the group gets.
        :param ground: where the builder will stand.
        :param marks: further tags, by which rights tell whose it is.
        """
        tags = {**(marks or {}), BAKE_TAG: bake}
        group = self._ec2.create_security_group(
            GroupName=bake,
            Description="builder of a machine image",
            VpcId=ground.vpc,
            TagSpecifications=[
                {
                    "ResourceType": "security-group",
                    "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                }
            ],
        )["GroupId"]
        ssh = {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [{"CidrIp": ground.cidr}],
        }
        self._ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
        return str(group)

    @translate_errors
    def sweep(self, bake: str, image_name: str) -> list[str]:
        """Remove what a try left behind: builder, key pair, security group, half an image.

        :param bake: the try's name, which all of them carry.
        :param image_name: of the image that it was to become.
        :returns: what was removed, for the log.
        :raises EnvironmentMisconfigured: when the role may not remove half an image, which keeps
            its name from the next one; with the command for somebody who may.
        """
        removed = self._terminate_builders(bake)
        for key in self._named(self._ec2.describe_key_pairs, "KeyPairs", "key-name", bake):
            self._ec2.delete_key_pair(KeyName=key["KeyName"])
            removed.append(f"key pair {bake}")
        groups = self._named(
            self._ec2.describe_security_groups, "SecurityGroups", "group-name", bake
        )
        for group in groups:
            self._ec2.delete_security_group(GroupId=group["GroupId"])
            removed.append(f"security group {bake}")
        return removed + self._deregister_untagged(image_name)

    def _terminate_builders(self, bake: str) -> list[str]:
        filters = [
            {"Name": f"tag:{BAKE_TAG}", "Values": [bake]},
            {
                "Name": "instance-state-name",
                "Values": ["pending", "running", "stopping", "stopped"],
            },
        ]
        pages = self._ec2.get_paginator("describe_instances").paginate(Filters=filters)
        ids = [
            i["InstanceId"] for page in pages for r in page["Reservations"] for i in r["Instances"]
        ]
        if ids:
            self._ec2.terminate_instances(InstanceIds=ids)
            self._ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=_POLL)
        return [f"builder {one}" for one in ids]

    def _deregister_untagged(self, name: str) -> list[str]:
        filters = [{"Name": "name", "Values": [name]}]
        images = self._ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
        half = [image for image in images if not image.get("Tags")]
        for image in half:
            disks = (disk.get("Ebs", {}) for disk in image.get("BlockDeviceMappings", ()))
            snapshots = sorted({disk["SnapshotId"] for disk in disks if "SnapshotId" in disk})
            try:
                self._ec2.deregister_image(ImageId=image["ImageId"])
                for snapshot in snapshots:
                    self._ec2.delete_snapshot(SnapshotId=snapshot)
            except ClientError as error:
                if error.response["Error"]["Code"] != "UnauthorizedOperation":
                    raise
                raise _in_the_way(image, snapshots) from error
        return [f"unfinished image {image['ImageId']}" for image in half]

    def _named(self, describe: Any, key: str, kind: str, name: str) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = describe(Filters=[{"Name": kind, "Values": [name]}])[key]
        except ClientError as error:
            if is_missing(error):
                return []
            raise
        return found


def _image(raw: Mapping[str, Any]) -> Image:
    return Image(
        image_id=raw["ImageId"],
        name=raw.get("Name", ""),
        tags=tags_of(raw),
        owner=raw.get("OwnerId", ""),
        architecture=raw.get("Architecture", ""),
    )


def _no_source(wanted: SourceImage, architecture: str) -> EnvironmentMisconfigured:
    what = wanted.image_id or f"{wanted.name!r} of {wanted.owner!r}"
    fit = f" for {architecture}" if architecture and not wanted.image_id else ""
    msg = f"there is no image {what}{fit} to start from"
    advice = (
        "set machine.ami, or [slipway] source_ami and source_owner for projects that name no "
        "machine; an embedded cloud has those of which an image was built before it began: "
        "python -m include.images.build machine-13"
    )
    return EnvironmentMisconfigured(msg, advice=advice)


def _in_the_way(image: Mapping[str, Any], snapshots: list[str]) -> EnvironmentMisconfigured:
    """Without a tag it might be anybody's, so the role need not have the right to remove it."""
    one = image["ImageId"]
    what = f"{one} ({image['Name']}) is untagged, as a killed bake leaves it"
    msg = f"{what}, and the role may not remove it"
    commands = (
        f"aws ec2 deregister-image --image-id {one}",
        *(f"aws ec2 delete-snapshot --snapshot-id {disk}" for disk in snapshots),
    )
    advice = f"look whose it is; if it is half an image: {'; '.join(commands)}"
    return EnvironmentMisconfigured(msg, advice=advice)
