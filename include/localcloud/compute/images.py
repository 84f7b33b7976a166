"""AMIs are Docker images; making one takes the time that a commit takes."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami, AmiBackend

from include.localcloud.api.patch import correct
from include.localcloud.engine import image_repository

SEED_NAME = "debian-12-amd64-slipway"
SEED_ID = "ami-0debian12slipway0"
SEED_IMAGE = "slipway/machine:12"
_ROOT_DEVICE = "/dev/xvda"


class ImageNameTaken(EC2ClientError):
    """Another AMI of this account has the name."""

    code = "InvalidAMIName.Duplicate"


def seed_image(ec2: Any, region: str) -> None:
    """Register the AMI that every machine image starts from; hold the lock."""
    ec2.amis[SEED_ID] = Ami(
        ec2,
        SEED_ID,
        name=SEED_NAME,
        description="Debian 12 (amd64)",
        architecture="x86_64",
        virtualization_type="hvm",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name=_ROOT_DEVICE,
        region_name=f"{region}a",
    )


def docker_image(installation: str, ami_id: str) -> str:
    """Return the Docker image that the AMI stands for."""
    if ami_id == SEED_ID:
        return SEED_IMAGE
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
