"""Whether an image was built on the engine's machine, or pulled, perhaps with somebody's login.

An engine keeps the digest of what it pulled beside the repository's name; what was built has none.
Where containerd keeps the images both have one, their own id, which says nothing: there only a name
tells, that whoever built the image gave it. No registry has such names (``.invalid``, RFC 6761), so
nobody can hand them out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from slipway.exceptions import ImageRefused
from slipway.model.image_name import ImageName

# Where logins have their own names for what they pulled, and builders for what they built.
PULLED, BUILT = "pulled.slipway.invalid", "built.slipway.invalid"
_ODD = re.compile(r"[^a-z0-9.-]+")


def built_repository(name: ImageName) -> str:
    """Return the repository whose tags say that the image of this name and tag was built here.

    :param name: ``slipway/toolbox:1``, of which ``built.slipway.invalid/docker.io/slipway/toolbox``
        is the repository.
    """
    host = _ODD.sub("_", name.registry).strip("._-")
    return f"{BUILT}/{host}/{name.path}"


def was_built(raw: Mapping[str, Any], name: ImageName) -> bool:
    """Tell whether an image that has a name was built here, or loaded, for everybody.

    :param raw: as Docker describes the image.
    :param name: what it was asked for by.
    """
    tags = [str(one) for one in raw.get("RepoTags") or ()]
    said = built_repository(name)
    if any(
        one == f"{said}:{name.tag}" or (name.digest and one.startswith(f"{said}:")) for one in tags
    ):
        return True
    digests = [str(one) for one in raw.get("RepoDigests") or ()]
    if any(one.startswith(f"{PULLED}/") for one in (*tags, *digests)):
        return False
    return not digest_from(raw, name.repository)


def digest_from(raw: Mapping[str, Any], repository: str) -> str:
    """Return the name and digest that an image has beside a repository; empty if it has none.

    :param raw: as Docker describes the image.
    :param repository: the image's name without tag and digest.
    """
    for one in raw.get("RepoDigests") or ():
        with suppress(ImageRefused):
            name = ImageName.parse(one)
            if name.repository == repository:
                return str(name)
    return ""
