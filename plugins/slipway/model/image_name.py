"""The names of container images, read as Docker reads them, and written out in full.

``python``, ``python:latest`` and ``index.docker.io/library/python`` are one image. Whatever is
asked of an engine is asked with the whole name: a short one may also be the beginning of an
image's id, and so of somebody else's image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from slipway.exceptions import ImageRefused

HUB = "docker.io"
_HUB_ALIASES = ("index.docker.io", "registry-1.docker.io", HUB)
_OFFICIAL = "library/"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_PATH = re.compile(
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{64}")
_LONGEST = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageName:
    """An image's whole name.

    :param registry: host, and port where it has one; ``docker.io`` where none is written.
    :param path: the repository in the registry, ``library/python``.
    :param tag: empty beside a digest, which says more.
    :param digest: ``sha256:...``, or empty.
    """

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as people write it.

        :raises ImageRefused: when it is none, or an image's id, which says nothing of where the
            image is from.
        """
        rest, at, digest = text.partition("@")
        rest, tag = _without_tag(rest)
        registry, path = _split(rest)
        is_name = len(rest) <= _LONGEST and _HOST.fullmatch(registry) and _PATH.fullmatch(path)
        is_pinned = not at or _DIGEST.fullmatch(digest)
        is_tagged = tag is None or _TAG.fullmatch(tag)
        if not (is_name and is_pinned and is_tagged) or _ID.fullmatch(text):
            msg = f"{text[:_LONGEST]!r} is not the name of an image"
            raise ImageRefused(msg, advice="write registry/name:tag, in lower case up to the colon")
        if digest:
            return cls(registry=registry, path=path, digest=digest)
        return cls(registry=registry, path=path, tag="latest" if tag is None else tag)

    @property
    def repository(self) -> str:
        """The name without tag and digest."""
        return f"{self.registry}/{self.path}"

    def __str__(self) -> str:
        """Return the whole name."""
        return (
            f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"
        )


def registry_host(address: str) -> str:
    """Return a registry's host in lower case, and with one name for Docker's own."""
    host = address.lower()
    return HUB if host in _HUB_ALIASES else host


def _without_tag(text: str) -> tuple[str, str | None]:
    """Part a name from its tag; a colon before a slash belongs to the registry's port."""
    name, colon, tag = text.rpartition(":")
    return (text, None) if not colon or "/" in tag else (name, tag)


def _split(name: str) -> tuple[str, str]:
    """Part the registry from the repository, by Docker's rule."""
    first, slash, rest = name.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (registry_host(first), rest) if is_host else (HUB, name)
    if registry == HUB and "/" not in path:
        path = _OFFICIAL + path
    return registry, path
