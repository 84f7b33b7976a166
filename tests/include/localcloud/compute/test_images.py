"""The AMIs that machine images start from in the embedded cloud."""

from __future__ import annotations

from moto.ec2.models import EC2Backend

from include.localcloud.compute.images import docker_image, seed_images
from slipway.model.cloud.machine import Architecture, Machine, OperatingSystem

DEBIAN_13 = "slipway/machine:13"


def _offered(os: OperatingSystem, *there: str) -> list[str]:
    """Say which images a base layer of an operating system could start from."""
    ec2 = EC2Backend("eu-west-1", "123456789012")
    seed_images(ec2, "eu-west-1", is_there=lambda image: image in there)
    wanted = Machine(os=os).distribution.source(Architecture.AMD64)
    filters = {"name": [wanted.name], "architecture": ["x86_64"]}
    found = ec2.describe_images(owners=[wanted.owner], filters=filters)
    return [docker_image("i", one.id) for one in found]


def test_debian_13_is_published_by_debian_where_it_was_built() -> None:
    assert _offered(OperatingSystem.DEBIAN_13, DEBIAN_13) == [DEBIAN_13]


def test_what_was_not_built_is_not_offered() -> None:
    assert _offered(OperatingSystem.DEBIAN_13, "slipway/machine:12") == []
    assert _offered(OperatingSystem.UBUNTU_24_04, DEBIAN_13, "slipway/machine:12") == []


def test_debian_12_is_the_clouds_own_as_ever() -> None:
    ec2 = EC2Backend("eu-west-1", "123456789012")
    seed_images(ec2, "eu-west-1", is_there=lambda _: True)
    filters = {"name": ["debian-12-amd64-slipway"]}
    (found,) = ec2.describe_images(owners=["self"], filters=filters)
    assert docker_image("i", found.id) == "slipway/machine:12"
    assert docker_image("i", "ami-1") == "slipway-cloud/i:ami-1"
