"""What a project's machines are: operating system, architecture, and what is made of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from slipway.model.fact import Fact

_BASE_LAYER = "slipway-base-"
# Of whose machines an image is; images of the default machine have no such tag.
MACHINE = "slipway:machine"


class Architecture(StrEnum):
    """As Debian calls it."""

    AMD64 = "amd64"
    ARM64 = "arm64"

    @property
    def in_ec2(self) -> str:
        """As EC2 calls it."""
        return "x86_64" if self is Architecture.AMD64 else "arm64"


class OperatingSystem(StrEnum):
    """What machines boot."""

    UBUNTU_24_04 = "ubuntu-24.04"
    UBUNTU_22_04 = "ubuntu-22.04"
    DEBIAN_12 = "debian-12"
    DEBIAN_13 = "debian-13"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceImage(Fact):
    """Which image a base layer starts from: one by its id, or the newest of a name.

    :param image_id: the one; empty where it is the newest.
    :param name: of the newest; may have ``*``.
    :param owner: the account that publishes it, or ``self``.
    """

    image_id: str = ""
    name: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """What differs from one operating system to the other.

    :param suite: as apt calls it.
    :param ssh_user: who may log in on a fresh machine.
    :param owner: the account that publishes its images.
    :param names: of these images, with the architecture left open.
    """

    suite: str
    ssh_user: str
    owner: str
    names: str

    def source(self, architecture: Architecture) -> SourceImage:
        """Return the newest image that is published for an architecture."""
        name = self.names.format(architecture=architecture.value)
        return SourceImage(name=name, owner=self.owner)


# https://wiki.debian.org/Cloud/AmazonEC2Image and https://documentation.ubuntu.com/aws/
_DEBIAN, _CANONICAL = "136693071363", "099720109477"
DISTRIBUTIONS: Mapping[OperatingSystem, Distribution] = {
    OperatingSystem.DEBIAN_12: Distribution(
        suite="bookworm", ssh_user="admin", owner=_DEBIAN, names="debian-12-{architecture}-*"
    ),
    OperatingSystem.DEBIAN_13: Distribution(
        suite="trixie", ssh_user="admin", owner=_DEBIAN, names="debian-13-{architecture}-*"
    ),
    OperatingSystem.UBUNTU_22_04: Distribution(
        suite="jammy",
        ssh_user="ubuntu",
        owner=_CANONICAL,
        names="ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{architecture}-server-*",
    ),
    OperatingSystem.UBUNTU_24_04: Distribution(
        suite="noble",
        ssh_user="ubuntu",
        owner=_CANONICAL,
        names="ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{architecture}-server-*",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine(Fact):
    """What the machines of one environment are.

    :param os: what they run.
    :param architecture: of their processors.
    :param roles: Ansible roles of the project's, in the order in which they run.
    :param variables: for these roles, and for what the base layer does (``sysctl``, ``swap``).
    :param packages: further packages, installed by their names.
    :param source: what the base layer starts from, in place of what the distribution publishes.
    """

    os: OperatingSystem = OperatingSystem.DEBIAN_12
    architecture: Architecture = Architecture.AMD64
    roles: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    source: SourceImage | None = None

    @property
    def distribution(self) -> Distribution:
        """What its operating system is like."""
        return DISTRIBUTIONS[self.os]

    @property
    def is_plain(self) -> bool:
        """Nothing is done to it but what is done to every machine."""
        return not (self.roles or self.variables or self.packages)

    @property
    def platform(self) -> str:
        """Operating system and architecture: ``debian-12-amd64``."""
        return f"{self.os.value}-{self.architecture.value}"

    @property
    def base_layer(self) -> str:
        """How names of its base layers begin; as ever for the machine of those who say nothing."""
        usual = self.platform == Machine().platform
        return _BASE_LAYER if usual else f"{_BASE_LAYER}{self.platform}-"

    @property
    def identity(self) -> str:
        """The value of the tag that tells its images from those of other machines.

        Empty for the machine of those who write nothing, whose images have always been untagged.
        """
        if self == Machine():
            return ""
        if self.is_plain and self.source is None:
            return self.platform
        written = json.dumps(asdict(self), sort_keys=True)
        return f"{self.platform}-{hashlib.sha256(written.encode()).hexdigest()[:12]}"


def platform_of_base_layer(name: str, architecture: str) -> str:
    """Return the operating system and architecture that a base layer is for.

    :param name: of the image, which begins with :attr:`Machine.base_layer`.
    :param architecture: as EC2 calls it, which knows better than the name.
    """
    every = (Machine(os=os, architecture=one) for os in OperatingSystem for one in Architecture)
    named = [one for one in every if name.startswith(f"{_BASE_LAYER}{one.platform}-")]
    machine = named[0] if named else Machine()
    known = {one.in_ec2: one for one in Architecture}
    return replace(machine, architecture=known.get(architecture, machine.architecture)).platform


# Family and generation, and then letters for what is special about it: g is Graviton. The first
# Graviton had a family of its own.
_TYPE = re.compile(r"(?P<family>[a-z]+|u-)(?P<generation>\d+)(?P<special>[a-z0-9-]*)\..+")


def architecture_of(instance_type: str) -> Architecture:
    """Return what an EC2 instance type's processor is, by its name.

    :param instance_type: ``t4g.small``.
    """
    found = _TYPE.fullmatch(instance_type)
    if found is None:
        return Architecture.AMD64
    is_graviton = found["family"] == "a" or "g" in found["special"]
    return Architecture.ARM64 if is_graviton else Architecture.AMD64


def smallest_like(instance_type: str, architecture: Architecture) -> str:
    """Name a common instance type of the same size that has an architecture."""
    size = instance_type.rpartition(".")[2]
    family = "t4g" if architecture is Architecture.ARM64 else "t3"
    if size in ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"):
        return f"{family}.{size}"
    return f"m7g.{size}" if architecture is Architecture.ARM64 else f"m7i.{size}"
