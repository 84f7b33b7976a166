"""Images: what they say of themselves, and getting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway.exceptions import ContainerEngineError, ImageUnavailable
from slipway.hooks.container_failure import NoSuchThing, translated
from slipway.hooks.container_spec import ImageFacts, PullPolicy

if TYPE_CHECKING:
    import docker

_ADVICE = "correct the name, pull or build the image, or map it to another one under `images`"


def ensure(client: docker.APIClient, image: str, pull: PullPolicy) -> ImageFacts:
    """Make sure that an image is here, and tell what it says of itself.

    :raises ImageUnavailable: naming the image and the registry's own words.
    """
    if pull is PullPolicy.ALWAYS:
        _pull(client, image)
    try:
        return inspect(client, image)
    except NoSuchThing as error:
        if pull is PullPolicy.NEVER:
            msg = f"image {image} is not on this machine, and may not be pulled"
            raise ImageUnavailable(msg, advice=_ADVICE) from error
    _pull(client, image)
    return inspect(client, image)


def inspect(client: Any, image: str) -> ImageFacts:
    """Tell what an image that is here says of itself.

    :raises NoSuchThing: when it is not here.
    """
    with translated(f"inspect image {image}"):
        raw: dict[str, Any] = client.inspect_image(image)
    config: dict[str, Any] = raw.get("Config") or {}
    exposed = (port.split("/") for port in config.get("ExposedPorts") or {})
    ports = sorted(int(port[0]) for port in exposed if port[1:] in ([], ["tcp"]))
    test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    return ImageFacts(id=raw["Id"], ports=tuple(ports), has_healthcheck=test[0] != "NONE")


def _pull(client: docker.APIClient, image: str) -> None:
    # Without a tag the engine would pull every tag there is.
    tagged = "@" in image or ":" in image.rsplit("/", 1)[-1]
    name = image if tagged else f"{image}:latest"
    try:
        with translated(f"pull {image}"):
            for progress in client.pull(name, stream=True, decode=True):
                if "error" in progress:
                    raise ContainerEngineError(str(progress["error"]))
    except ContainerEngineError as error:
        msg = f"image {image} is neither here nor can it be pulled ({error.message})"
        raise ImageUnavailable(msg, advice=_ADVICE) from error
