"""The images, in the order they are built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slipway.exceptions import ImageUnavailable

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """One image: a folder with a ``Dockerfile``, and the tag that it gets.

    :param name: how it is called on the command line, and its folder below ``include/images``.
    :param tag: what ``FROM``, ``docker run`` and the rest of Slipway call it.
    :param parent: the image it is built from; None for the root of a Debian release.
    :param extra: only built where it is named: Slipway itself runs without it.
    :param shares: the folder of another image, whose Dockerfile does for this one as well.
    :param suite: of a root, the Debian release.
    :param besides: further files of its build context, from the repository's top.
    """

    name: str
    tag: str
    parent: str | None = "debian"
    extra: bool = False
    shares: str | None = None
    suite: str = "bookworm"
    besides: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The build context."""
        return FOLDER / (self.shares or self.name)


IMAGES: dict[str, Image] = {
    image.name: image
    for image in (
        Image(name="debian", tag="slipway/debian:12", parent=None),
        Image(name="postgres", tag="slipway/postgres:15"),
        Image(name="machine", tag="slipway/machine:12"),
        Image(name="python", tag="slipway/python:3.11"),
        Image(name="haproxy", tag="slipway/haproxy:2"),
        Image(name="toolbox", tag="slipway/toolbox:1", besides=("ansible/requirements.yml",)),
        Image(name="redis", tag="slipway/redis:7", extra=True),
        Image(name="go", tag="slipway/go:1.23", extra=True),
        Image(name="node", tag="slipway/node:18", extra=True),
        Image(
            name="debian-13",
            tag="slipway/debian:13",
            parent=None,
            extra=True,
            shares="debian",
            suite="trixie",
        ),
        Image(
            name="machine-13",
            tag="slipway/machine:13",
            parent="debian-13",
            extra=True,
            shares="machine",
        ),
    )
}


def chosen(names: Iterable[str]) -> list[Image]:
    """Return the named images and what they stand on, parents first.

    :param names: folder names, or tags; when none is named, all that Slipway itself needs.
    :raises ImageUnavailable: when there is no image of that name.
    """
    by_tag = {image.tag: image.name for image in IMAGES.values()}
    wanted: set[str] = set()
    for name in names:
        image = IMAGES.get(by_tag.get(name, name))
        if image is None:
            message = f"there is no image {name!r}"
            raise ImageUnavailable(message, advice=f"choose from {', '.join(IMAGES)}")
        wanted |= {image.name, image.parent or image.name}
    if not wanted:
        return [image for image in IMAGES.values() if not image.extra]
    return [image for image in IMAGES.values() if image.name in wanted]
