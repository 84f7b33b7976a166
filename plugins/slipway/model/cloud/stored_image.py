"""A machine image that is there, as far as it matters whether it stays."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredImage:
    """An image that is there.

    :param image_id: the AMI's id.
    :param name: the image's.
    :param created: seconds since 1970.
    :param version: of the release in it; empty for a base layer.
    :param base: the image that it was made of; empty where nobody noted it.
    :param snapshots: its disks.
    :param installation: whose it is; empty where nobody noted it.
    :param machine: the kind of machines that it is for; empty for the usual one.
    :param size: bytes that its disks are allotted.
    :param platform: operating system and architecture; of a base layer, whose tags do not say.
    """

    image_id: str
    name: str
    created: float
    version: str = ""
    base: str = ""
    snapshots: tuple[str, ...] = ()
    installation: str = ""
    machine: str = ""
    platform: str = ""
    size: int = 0
