"""Images: what they say of themselves, and getting them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from slipway.exceptions import ContainerEngineError, ImageUnavailable
from slipway.hooks.container_failure import NoSuchThing, translated
from slipway.hooks.container_spec import ImageFacts, PullPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import docker

# Seconds between two lines of progress.
_PAUSE = 3.0
_ADVICE = "correct the name, pull or build the image, or map it to another one under `images`"


class PullProgress:
    """Sums up what a registry sends, layer by layer.

    :param image: its name, for the lines.
    """

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, tuple[int, int]] = {}
        self._said_at = time.monotonic() - _PAUSE

    def line(self, event: Mapping[str, Any]) -> str:
        """Take in an event; return a line when there has been none for a while."""
        detail = event.get("progressDetail") or {}
        if "total" in detail and event.get("status") == "Downloading":
            self._layers[str(event.get("id"))] = (int(detail.get("current", 0)), detail["total"])
        if not self._layers or time.monotonic() - self._said_at < _PAUSE:
            return ""
        self._said_at = time.monotonic()
        done = sum(layer[0] for layer in self._layers.values()) >> 20
        total = sum(layer[1] for layer in self._layers.values()) >> 20
        return f"{self._image}: {done} of {total} MiB"


def ensure(
    client: docker.APIClient, image: str, pull: PullPolicy, *, auth: Mapping[str, str] | None,
    progress: Callable[[str], None],
) -> ImageFacts:  # fmt: skip
    """Make sure that an image is here, and tell what it says of itself.

    :param auth: ``username`` and ``password`` for its registry.
    :param progress: called with a line now and then while the image comes.
    :raises ImageUnavailable: naming the image and the registry's own words.
    """
    if pull is PullPolicy.ALWAYS:
        _pull(client, image, auth, progress)
    elif pull is PullPolicy.REFRESH:
        _refresh(client, image, auth, progress)
    try:
        return inspect(client, image)
    except NoSuchThing as error:
        if pull is PullPolicy.NEVER:
            msg = f"image {image} is not on this machine, and may not be pulled"
            raise ImageUnavailable(msg, advice=_ADVICE) from error
    _pull(client, image, auth, progress)
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


def _refresh(
    client: docker.APIClient, image: str, auth: Mapping[str, str] | None,
    progress: Callable[[str], None],
) -> None:  # fmt: skip
    """Pull, and make do with what is here when the registry does not answer."""
    try:
        _pull(client, image, auth, progress)
    except ImageUnavailable as error:
        try:
            inspect(client, image)
        except NoSuchThing:
            raise error from None
        progress(f"{image}: the one that is here is used ({error.message})")


def _pull(
    client: docker.APIClient, image: str, auth: Mapping[str, str] | None,
    progress: Callable[[str], None],
) -> None:  # fmt: skip
    # Without a tag the engine would pull every tag there is.
    tagged = "@" in image or ":" in image.rsplit("/", 1)[-1]
    name = image if tagged else f"{image}:latest"
    try:
        with translated(f"pull {image}"):
            report = PullProgress(image)
            stream = client.pull(
                name, stream=True, decode=True, auth_config=dict(auth or {}) or None
            )
            for event in stream:
                if "error" in event:
                    raise ContainerEngineError(str(event["error"]))
                if line := report.line(event):
                    progress(line)
    except ContainerEngineError as error:
        msg = f"image {image} is neither here nor can it be pulled ({error.message})"
        raise ImageUnavailable(msg, advice=_ADVICE) from error
