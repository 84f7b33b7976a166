"""Slipway's own images: built beside the engine, or taken from a registry that somebody named.

Their names begin with ``slipway/``, and on Docker Hub anybody could publish under a name like that.
So they are never asked of it: the toolbox is given signing keys, and the guard the host's network.
Whoever starts a container from such a name asks :meth:`ContainerEngine.ensure_image` or, with a
client of Docker alone, :func:`slipway.hooks.docker.built_images.built_image`, and uses the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from slipway.exceptions import EnvironmentMisconfigured, ImageRefused, ImageUnavailable
from slipway.model.image_name import HUB, ImageName

# What include/images writes on everything it builds.
LABEL = "slipway.inputs"
_PREFIX, _MACHINES = "slipway/", "slipway-cloud/"
# What a bare name means to Docker, and a name like ours.
_PUBLIC = ("library/", _PREFIX)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnImages:
    """Where Slipway's own images come from.

    :param registry: registry and folder that hold them, ``registry.example.com/slipway``; empty
        where they are built on the engine's machine.
    :param digests: name and tag -> digest, ``toolbox:1`` -> ``sha256:...``; those without one are
        whatever the registry has under the tag.
    """

    registry: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: ImageName) -> ImageName | None:
        """Return what to ask the registry for; None where an image is built beside the engine.

        :param name: of an own image.
        """
        if not self.registry:
            return None
        short = name.path.removeprefix(_PREFIX)
        source = ImageName.parse(f"{self.registry}/{short}")
        digest = name.digest or self.digests.get(f"{short}:{name.tag}", "")
        return replace(source, tag="" if digest else name.tag, digest=digest)


def own_images(registry: str, digests: str) -> OwnImages:
    """Read the settings ``[slipway] image_registry`` and ``image_digests``.

    :param registry: registry and folder, or nothing.
    :param digests: ``toolbox:1@sha256:...``, several with commas or blanks between.
    :raises EnvironmentMisconfigured: when one of them is not that.
    """
    try:
        place = ImageName.parse(registry) if registry else None
        given = digests.replace(",", " ").split()
        pinned = [ImageName.parse(f"{HUB}/{_PREFIX}{one}") for one in given]
    except ImageRefused as error:
        raise _unreadable(error.message) from error
    if place and place.registry == HUB and f"{place.path}/".startswith(_PUBLIC):
        msg = f"{registry} is a name on Docker Hub that anybody may have"
        raise _unreadable(msg)
    names = [one.partition("@")[0] for one in given]
    if without := [name for name, one in zip(names, pinned, strict=True) if not one.digest]:
        msg = f"{without[0]} has no digest"
        raise _unreadable(msg)
    found = {name: one.digest for name, one in zip(names, pinned, strict=True)}
    return OwnImages(registry=place.repository if place else "", digests=found)


def is_own(name: ImageName) -> bool:
    """Tell whether a name is kept for Slipway's own images.

    :raises ImageRefused: for the images of the embedded cloud's machines, which no container of a
        pipeline or of a tool is made from.
    """
    if name.registry == HUB and name.path.startswith(_MACHINES):
        msg = f"{name} is the image of a machine"
        raise ImageRefused(msg, advice="only the embedded cloud starts it")
    return name.registry == HUB and name.path.startswith(_PREFIX)


def missing(name: ImageName) -> ImageUnavailable:
    """Say that an own image is not here, and how it gets here."""
    msg = f"image {_written(name)} is not on this machine"
    return ImageUnavailable(
        f"{msg}, and Slipway's own images are never taken from a public registry",
        advice=f"build it with `python -m include.images.build {_written(name)}` beside this "
        "worker's engine, or name the registry that has it in [slipway] image_registry",
    )


def foreign(name: ImageName, why: str) -> ImageUnavailable:
    """Say that what is here under an own image's name is not Slipway's."""
    msg = f"the image {_written(name)} on this machine is not Slipway's: {why}"
    build = f"`python -m include.images.build --fresh {_written(name)}`"
    return ImageUnavailable(msg, advice=f"find out who put it there, then {build}")


def _written(name: ImageName) -> str:
    """Write a name as `include.images.build` takes it."""
    return f"{name.path}:{name.tag or name.digest}"


def _unreadable(why: str) -> EnvironmentMisconfigured:
    msg = f"[slipway] image_registry or image_digests cannot be read: {why}"
    return EnvironmentMisconfigured(
        msg, advice="write registry.example.com/folder, and toolbox:1@sha256:... for each digest"
    )
