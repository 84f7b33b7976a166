"""Machine images as retention sees them: what is there, what is used, and how one goes.

An image goes in two steps, the image and then its disks. Who is killed in between leaves disks
that no image has; they carry the image's tags, so the next one finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from slipway.exceptions import CloudUnavailable
from slipway.hooks.aws.errors import is_missing, retry_transient
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.store.installation import INSTALLATION
from slipway.model.cloud.machine import MACHINE, platform_of_base_layer
from slipway.model.cloud.stored_image import StoredImage
from slipway.model.cloud.tags import IMAGE, PROJECT, VERSION

LAYER, BASE = "slipway:layer", "slipway:base-image"
# EC2 takes this many values in one filter.
_FILTER_VALUES = 200
_ALIVE = ("pending", "running", "shutting-down", "stopping", "stopped")


class ImageRetention:
    """The images of one layer in one region of one account.

    :param client: gives the boto3 client of a service by its name.
    :param tags: which images: ``slipway:layer``, and for a project's ``slipway:project``.
    :param installation: whose disks are swept.
    """

    def __init__(
        self, client: Callable[[str], Any], tags: Mapping[str, str], installation: str
    ) -> None:
        self._installation = installation
        self._ec2 = client("ec2")
        self._autoscaling = client("autoscaling")
        self._filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]

    @retry_transient
    def images(self) -> tuple[StoredImage, ...]:
        """List the images that are there."""
        pages = self._ec2.get_paginator("describe_images")
        found = pages.paginate(Owners=["self"], Filters=self._filters)
        return tuple(
            _stored(raw) for page in found for raw in page["Images"] if raw["State"] == "available"
        )

    @retry_transient
    def now(self) -> float:
        """Return seconds since 1970 by the cloud's clock, which dates the images as well.

        :raises CloudUnavailable: when its answer has no date.
        """
        answer = self._ec2.describe_regions()
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        if not date:
            msg = "the cloud's answer has no date"
            raise CloudUnavailable(msg, advice="look for a proxy that takes headers away")
        return parsedate_to_datetime(date).timestamp()

    @retry_transient
    def in_use(self, images: tuple[StoredImage, ...]) -> frozenset[str]:
        """Return which images a server group, a launch template or a machine uses.

        Of whomever: an image that somebody else launches from is in use as well.
        """
        groups = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate()
        noted = (
            tags_of(one).get(IMAGE, "") for page in groups for one in page["AutoScalingGroups"]
        )
        return frozenset({*noted, *self._of_templates(), *self._of_machines(images)})

    @retry_transient
    def retire(self, image: StoredImage) -> None:
        """Deregister an image and delete its disks; what is gone already is fine."""
        _unless_gone(self._ec2.deregister_image, ImageId=image.image_id)
        for snapshot in image.snapshots:
            _unless_gone(self._ec2.delete_snapshot, SnapshotId=snapshot)

    @retry_transient
    def sweep(self) -> tuple[str, ...]:
        """Delete the disks that a killed retirement left behind.

        :returns: their ids.
        """
        # Disks first: an image that is finished between the two looks has its disks then.
        pages = self._ec2.get_paginator("describe_snapshots")
        mine = {"Name": f"tag:{INSTALLATION}", "Values": [self._installation]}
        found = pages.paginate(OwnerIds=["self"], Filters=[*self._filters, mine])
        disks = [one["SnapshotId"] for page in found for one in page["Snapshots"]]
        owned = self._ec2.get_paginator("describe_images").paginate(Owners=["self"])
        used = {disk for page in owned for raw in page["Images"] for disk in _snapshots(raw)}
        left = tuple(disk for disk in disks if disk not in used)
        for disk in left:
            _unless_gone(self._ec2.delete_snapshot, SnapshotId=disk)
        return left

    def _of_templates(self) -> Iterator[str]:
        ours = [{"Name": "tag-key", "Values": [PROJECT]}]
        pages = self._ec2.get_paginator("describe_launch_templates").paginate(Filters=ours)
        for template in [one for page in pages for one in page["LaunchTemplates"]]:
            yield from self._of_template(template["LaunchTemplateId"])

    def _of_template(self, template: str) -> list[str]:
        try:
            answer = self._ec2.describe_launch_template_versions(LaunchTemplateId=template)
        except ClientError as error:
            # A swap deleted it since; nobody launches from it any more.
            if not is_missing(error):
                raise
            return []
        versions = answer["LaunchTemplateVersions"]
        return [one["LaunchTemplateData"].get("ImageId", "") for one in versions]

    def _of_machines(self, images: tuple[StoredImage, ...]) -> Iterator[str]:
        rest = iter(image.image_id for image in images)
        while ids := list(islice(rest, _FILTER_VALUES)):
            wanted = [
                {"Name": "image-id", "Values": ids},
                {"Name": "instance-state-name", "Values": list(_ALIVE)},
            ]
            pages = self._ec2.get_paginator("describe_instances").paginate(Filters=wanted)
            for page in pages:
                for reservation in page["Reservations"]:
                    yield from (one["ImageId"] for one in reservation["Instances"])


def _stored(raw: Mapping[str, Any]) -> StoredImage:
    tags = tags_of(raw)
    created = datetime.fromisoformat(raw["CreationDate"].replace("Z", "+00:00"))
    return StoredImage(
        image_id=raw["ImageId"],
        name=raw.get("Name", ""),
        created=created.timestamp(),
        version=tags.get(VERSION, ""),
        base=tags.get(BASE, ""),
        snapshots=_snapshots(raw),
        installation=tags.get(INSTALLATION, ""),
        machine=tags.get(MACHINE, ""),
        platform=platform_of_base_layer(raw.get("Name", ""), raw.get("Architecture", "")),
        size=sum(disk.get("VolumeSize", 0) << 30 for disk in _disks(raw)),
    )


def _snapshots(raw: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(disk["SnapshotId"] for disk in _disks(raw) if "SnapshotId" in disk)


def _disks(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (disk.get("Ebs", {}) for disk in raw.get("BlockDeviceMappings", ()))


def _unless_gone(call: Callable[..., Any], **arguments: str) -> None:
    try:
        call(**arguments)
    except ClientError as error:
        if not is_missing(error):
            raise
