"""Machine images whose release has not passed yet: nobody finds, launches or keeps them.

Such an image says whose project's it is, and that it is a candidate; what is in it no tag says.
It becomes a release's image by the tags of one: all at once, and its disks with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.hooks.aws.errors import translate_errors
from slipway.hooks.aws.image_cleanup import LAYER
from slipway.hooks.aws.lookup import tags_of
from slipway.model.cloud.tags import PROJECT

CANDIDATE = "candidate"


@dataclass(frozen=True, kw_only=True, slots=True)
class CandidateImage:
    """An image that is there.

    :param image_id: the AMI's id.
    :param owner: id of the account whose it is.
    :param created: seconds since 1970, by the cloud's clock.
    :param tags: on it.
    :param disks: its snapshots.
    """

    image_id: str
    owner: str
    created: float
    tags: Mapping[str, str]
    disks: tuple[str, ...] = ()


class CandidateImages:
    """The candidates of one account and region.

    :param ec2: a boto3 client.
    """

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2

    @translate_errors
    def find(self, image_id: str) -> CandidateImage | None:
        """Return one of the account's available images, or None where there is none."""
        wanted = [
            {"Name": "image-id", "Values": [image_id]},
            {"Name": "state", "Values": ["available"]},
        ]
        found = self._ec2.describe_images(Owners=["self"], Filters=wanted)["Images"]
        return _candidate(found[0]) if found else None

    @translate_errors
    def take_on(self, image: CandidateImage, tags: Mapping[str, str]) -> None:
        """Make an image, and its disks, those of a release; doing so again changes nothing.

        :param image: the candidate.
        :param tags: of the release's image.
        """
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._ec2.create_tags(Resources=[image.image_id, *image.disks], Tags=pairs)


def candidate_tags(project: str) -> dict[str, str]:
    """Return all that the tags of a candidate say of what is in it.

    :param project: the project's name.
    """
    return {LAYER: CANDIDATE, PROJECT: project}


def _candidate(raw: Mapping[str, Any]) -> CandidateImage:
    disks = (disk.get("Ebs", {}) for disk in raw.get("BlockDeviceMappings", ()))
    created = datetime.fromisoformat(raw["CreationDate"].replace("Z", "+00:00"))
    return CandidateImage(
        image_id=raw["ImageId"],
        owner=raw.get("OwnerId", ""),
        created=created.timestamp(),
        tags=tags_of(raw),
        disks=tuple(disk["SnapshotId"] for disk in disks if "SnapshotId" in disk),
    )
