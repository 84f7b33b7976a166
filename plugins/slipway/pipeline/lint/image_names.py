"""Image names, and what is used in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.exceptions import ImageRefused
from slipway.model.image_name import ImageName

if TYPE_CHECKING:
    from collections.abc import Mapping


def mapped(image: str, images: Mapping[str, str]) -> str | None:
    """Return what a project's ``images`` have for a name; None where they have nothing.

    ``python``, ``python:latest`` and ``docker.io/library/python`` are one image, as everywhere.

    :param image: the name in the pipeline file.
    :param images: names and what is used in their place.
    """
    wanted = _canonical(image)
    return next((own for name, own in images.items() if _canonical(name) == wanted), None)


def replaced(image: str, images: Mapping[str, str]) -> str:
    """Apply a project's ``images``.

    :param image: the name in the pipeline file.
    :param images: names and what is used in their place.
    """
    own = mapped(image, images)
    return image if own is None else own


def is_latest(image: str) -> bool:
    """Tell whether an image's name means whatever is newest."""
    return _canonical(image).endswith(":latest")


def _canonical(image: str) -> str:
    """Return the whole name; what is no name stands for itself, and is refused when it is used."""
    try:
        return str(ImageName.parse(image))
    except ImageRefused:
        return image
