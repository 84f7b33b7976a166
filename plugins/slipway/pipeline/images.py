"""Image names, and what is used in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_HUB = ("docker.io/", "index.docker.io/", "library/")


def replaced(image: str, images: Mapping[str, str]) -> str:
    """Apply a project's ``images``.

    ``python``, ``python:latest`` and ``docker.io/library/python`` are one image, as everywhere.

    :param image: the name in the pipeline file.
    :param images: names and what is used in their place.
    """
    wanted = _canonical(image)
    return next((own for name, own in images.items() if _canonical(name) == wanted), image)


def is_latest(image: str) -> bool:
    """Tell whether an image's name means whatever is newest."""
    return _canonical(image).endswith(":latest")


def _canonical(image: str) -> str:
    for prefix in _HUB:
        image = image.removeprefix(prefix)
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    return image if tagged else f"{image}:latest"
