"""Builds one image through Docker's API, and tells how far it is."""

from __future__ import annotations

import io
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import docker
import docker.errors

from include.images import inputs
from include.images.catalog import Image
from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.image_origin import built_repository, was_built
from slipway.model.image_name import ImageName

# Seconds between two lines of a step's own output.
_PACE = 5.0
_TAIL = 40
_PROXY = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# Docker paints what a step writes to stderr red.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_Say = Callable[[str], None]


def is_current(client: docker.DockerClient, image: Image, digest: str) -> bool:
    """Tell whether the tag names an image that was built here, from these inputs."""
    try:
        found = client.images.get(image.tag)
    except docker.errors.ImageNotFound:
        return False
    is_ours = was_built(found.attrs, ImageName.parse(image.tag))
    return is_ours and bool(found.labels.get(inputs.LABEL) == digest)


def build(
    client: docker.DockerClient,
    image: Image,
    settings: inputs.Settings,
    digest: str,
    base: str | None,
    say: _Say,
) -> None:
    """Build and tag an image.

    :param client: of the Docker engine.
    :param image: which one.
    :param settings: where base images and packages come from.
    :param digest: of its inputs; becomes a label.
    :param base: what the root image stands on; None for the others.
    :param say: told what is going on, line by line.
    :raises ContainerEngineError: when a step fails; the message ends with the step's output.
    """
    arguments = {name: os.environ[name] for name in _PROXY if name in os.environ}
    arguments |= inputs.build_arguments(image, settings)
    if base is not None:
        arguments["BASE"] = base
    events = client.api.build(
        fileobj=io.BytesIO(inputs.archive(inputs.context(image, settings))),
        custom_context=True,
        tag=image.tag,
        buildargs=arguments,
        labels={inputs.LABEL: digest, "slipway.kind": "image"},
        # Builders of old keep what they could not finish, unless told.
        rm=True,
        forcerm=True,
        decode=True,
    )
    _follow(events, image, say)
    name = ImageName.parse(image.tag)
    # Some engines cannot tell otherwise that nobody published it.
    client.api.tag(image.tag, built_repository(name), name.tag, force=True)


def remove_leftovers(client: docker.DockerClient) -> None:
    """Remove what a rebuild leaves without a name: earlier images and the stages they came from."""
    for kind in ("stage", "image"):
        client.images.prune(filters={"dangling": True, "label": f"slipway.kind={kind}"})


def _follow(events: Iterable[dict[str, Any]], image: Image, say: _Say) -> None:
    """Pass on each step's name, and now and then the last line that it printed."""
    tail: deque[str] = deque(maxlen=_TAIL)
    spoken = time.monotonic()
    for event in events:
        if "error" in event:
            said = "\n    ".join(tail)
            message = f"{image.tag} cannot be built: {event['error']}\n    {said}"
            raise ContainerEngineError(message)
        for line in event.get("stream", "").splitlines():
            text = _COLOUR.sub("", line).strip()
            if not text or text.startswith("--->"):
                continue
            tail.append(text)
            now = time.monotonic()
            if text.startswith("Step ") or now - spoken > _PACE:
                say(f"  {text[:110]}")
                spoken = now
