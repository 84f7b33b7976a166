"""Credentials of registries, from secrets that hold a Docker ``config.json``."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from slipway.exceptions import ImageRefused
from slipway.model.image_name import ImageName, registry_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SCHEME, _ANY_SCHEME = "https://", "://"
# What a registry's API begins with. Docker writes an entry for a whole registry as the URL of its
# API, https://index.docker.io/v1/; without a scheme, v1 is a folder like any other.
_API = ("v1", "v2")


def credentials(image: str, configs: Iterable[str]) -> Mapping[str, str] | None:
    """Return ``username`` and ``password`` for an image's registry, from the first that has them.

    The registry's host and port must be the same as a whole; an entry for a folder of a registry
    serves that folder alone, and one for plain http nothing.

    :param image: its name.
    :param configs: texts of ``config.json``; what is not one is passed over.
    """
    try:
        name = ImageName.parse(image)
    except ImageRefused:
        return None
    for config in configs:
        for address, entry in _entries(config):
            if _serves(address, name) and (found := _login(entry)):
                return found
    return None


def passwords(configs: Iterable[str]) -> list[str]:
    """List the passwords of all logins, for whoever keeps them out of a log.

    :param configs: texts of ``config.json``; what is not one is passed over.
    """
    entries = (entry for config in configs for _, entry in _entries(config))
    return [login["password"] for entry in entries if (login := _login(entry))]


def _serves(address: str, name: ImageName) -> bool:
    """Tell whether an entry is for an image's registry, or for a folder that the image is in."""
    plain = address.removeprefix(_SCHEME)
    if _ANY_SCHEME in plain:
        return False
    host, _, path = plain.partition("/")
    folder = path.strip("/")
    whole = not folder or (address.startswith(_SCHEME) and folder in _API)
    inside = whole or name.path == folder or name.path.startswith(f"{folder}/")
    return registry_host(host) == name.registry and inside


def _entries(config: str) -> Iterable[tuple[str, Any]]:
    try:
        auths = json.loads(config)["auths"]
        return list(auths.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _login(entry: Any) -> Mapping[str, str] | None:
    if not isinstance(entry, dict):
        return None
    if entry.get("username"):
        return {"username": str(entry["username"]), "password": str(entry.get("password", ""))}
    try:
        name, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
    except (KeyError, TypeError, ValueError):  # no text, no base64, no UTF-8, or not even ASCII
        return None
    return {"username": name, "password": password} if name else None
