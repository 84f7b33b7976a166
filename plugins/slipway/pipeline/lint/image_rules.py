"""Which images a project's pipeline may use, where its project file says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.exceptions import ImageRefused
from slipway.model.image_name import HUB, ImageName, registry_host
from slipway.pipeline.lint.image_names import mapped

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRules:
    """What is allowed; nothing said is everything.

    :param registries: hosts, ``docker.io`` for Docker Hub.
    :param allowed: patterns of whole names, in which ``*`` is any text: ``python:3.*``,
        ``registry.example.com/base/*``. One without a tag allows every tag and digest.
    :param images: the project's own map: what stands there is allowed, as whoever wrote the rules
        wrote it.
    """

    registries: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, image: str) -> str:
        """Say why an image must not be used; empty where it may.

        :param image: the name in the pipeline file, with everything substituted.
        """
        if not (self.registries or self.allowed) or mapped(image, self.images) is not None:
            return ""
        try:
            name = ImageName.parse(image)
        except ImageRefused as error:
            return error.message
        if self.registries and name.registry not in map(registry_host, self.registries):
            return f"images of {name.registry} are not allowed here"
        if self.allowed and not any(_matches(name, pattern) for pattern in self.allowed):
            return f"the image {name} is not one of those that are allowed here"
        return ""

    def advice(self) -> str:
        """Say what is allowed."""
        words = [*self.registries, *self.allowed]
        return f"the project file allows {', '.join(words)}"


def _matches(name: ImageName, pattern: str) -> bool:
    """Match a whole name; where it has a digest, a pattern for tags says nothing of it."""
    repository, tag, digest = _parts(pattern)
    if not _matches_text(name.repository, repository):
        return False
    if name.digest:
        return digest == name.digest or not (tag or digest)
    return not digest and _matches_text(name.tag, tag or "*")


def _parts(pattern: str) -> tuple[str, str, str]:
    """Part a pattern into repository, tag and digest, as a name is parted."""
    rest, _, digest = pattern.partition("@")
    name, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        name, tag = rest, ""
    first, slash, path = name.partition("/")
    if not (slash and ("." in first or ":" in first or first == "localhost")):
        first, path = HUB, name
    host = registry_host(first)
    if host == HUB and "/" not in path and path != "*":
        path = f"library/{path}"
    return f"{host}/{path}", tag, digest


def _matches_text(text: str, pattern: str) -> bool:
    """Match with ``*`` for any text, in one pass from left to right."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *middle, last = others
    if len(text) < len(first) + len(last) or not text.startswith(first):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last)
