"""AMIs are Docker images; making one takes the time that a commit takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami, AmiBackend

from include.localcloud.api.patch import correct
from include.localcloud.engine import image_repository

_ROOT_DEVICE = "/dev/xvda"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """An AMI that machine images start from, and the Docker image that it stands for.

    :param image_id: the AMI's id.
    :param name: the AMI's.
    :param description: the AMI's.
    :param image: Docker's name of it.
    :param owner: the account that publishes it; the cloud's own when None.
    """

    image_id: str
    name: str
    description: str
    image: str
    owner: str | None = None


SEEDS = (
    Seed(
        image_id="ami-0debian12slipway0",
        name="debian-12-amd64-slipway",
        description="Debian 12 (amd64)",
        image="slipway/machine:12",
    ),
    Seed(
        image_id="ami-0debian13slipway0",
        name="debian-13-amd64-slipway",
        description="Debian 13 (amd64)",
        image="slipway/machine:13",
        owner="136693071363",
    ),
)
SEED_IDS = frozenset(seed.image_id for seed in SEEDS)


class ImageNameTaken(EC2ClientError):
    """Another AMI of this account has the name."""

    code = "InvalidAMIName.Duplicate"


def seed_images(ec2: Any, region: str, *, is_there: Callable[[str], bool]) -> None:
    """Register the AMIs that every machine image starts from; hold the lock.

    :param ec2: moto's, of the region.
    :param region: that they are registered in.
    :param is_there: whether Docker has an image; what it has not, nothing can start from.
    """
    for seed in SEEDS:
        if not is_there(seed.image):
            continue
        ec2.amis[seed.image_id] = Ami(
            ec2,
            seed.image_id,
            name=seed.name,
            description=seed.description,
            owner_id=seed.owner,
            architecture="x86_64",
            virtualization_type="hvm",
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=_ROOT_DEVICE,
            region_name=f"{region}a",
        )


def docker_image(installation: str, ami_id: str) -> str:
    """Return the Docker image that the AMI stands for."""
    for seed in SEEDS:
        if ami_id == seed.image_id:
            return seed.image
    return f"{image_repository(installation)}:{ami_id}"


def correct_images() -> None:
    """Let new AMIs be pending, have unique names, and let their snapshots carry tags."""
    create = AmiBackend.create_image

    def create_image(
        self: Any, instance_id: str, name: str, description: str, tag_specifications: Any
    ) -> Any:
        if any(ami.name == name for ami in self.amis.values()):
            msg = f"AMI name {name} is already in use by another AMI"
            raise ImageNameTaken(msg)
        of_image = [one for one in tag_specifications if one["ResourceType"] != "snapshot"]
        ami = create(self, instance_id, name, description, of_image)
        ami.state = "pending"
        ami.root_device_type, ami.root_device_name = "ebs", _ROOT_DEVICE
        for one in tag_specifications:
            if one["ResourceType"] == "snapshot":
                self.create_tags([ami.ebs_snapshot.id], {t["Key"]: t["Value"] for t in one["Tags"]})
        return ami

    correct(EC2Backend, create_image=create_image)
