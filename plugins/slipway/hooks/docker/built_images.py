"""Own images that were built beside the engine, and no others under their names."""

from __future__ import annotations

from typing import Any

from slipway.hooks.docker.errors import translated
from slipway.hooks.docker.image_origin import was_built
from slipway.hooks.docker.own_images import foreign, missing
from slipway.model.container import NoSuchThing
from slipway.model.image_name import ImageName


def built_image(client: Any, image: str) -> str:
    """Return the id of an own image that was built beside an engine; it is never pulled.

    For whoever has a client of Docker alone, as the embedded cloud and the demo do.

    :param client: the Docker SDK's low-level client.
    :param image: ``slipway/...``.
    :raises ImageUnavailable: when it is not there, or nothing shows that it was built there.
    """
    return str(built(client, ImageName.parse(image))["Id"])


def built(client: Any, name: ImageName) -> dict[str, Any]:
    """Return what Docker says of an own image that was built there.

    :raises ImageUnavailable: as for :func:`built_image`.
    """
    try:
        raw = inspect(client, str(name))
    except NoSuchThing as error:
        raise missing(name) from error
    if not was_built(raw, name):
        raise foreign(name, "nothing shows that it was built here, and not pulled")
    return raw


def inspect(client: Any, image: str) -> dict[str, Any]:
    """Return what Docker says of an image.

    :raises NoSuchThing: when it is not there.
    """
    with translated(f"inspect image {image}"):
        raw: dict[str, Any] = client.inspect_image(image)
    return raw
