"""Credentials of registries, from secrets that hold a Docker ``config.json``."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HUB = "docker.io"
_HUB_NAMES = ("index.docker.io", "registry-1.docker.io", _HUB)


def credentials(image: str, configs: Iterable[str]) -> Mapping[str, str] | None:
    """Return ``username`` and ``password`` for an image's registry, from the first that has them.

    :param configs: texts of ``config.json``; what is not one is passed over.
    """
    wanted = _registry(image)
    for config in configs:
        for host, entry in _entries(config):
            if _host(host) == wanted and (found := _login(entry)):
                return found
    return None


def _registry(image: str) -> str:
    first, slash, _ = image.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return _host(first) if is_host else _HUB


def _host(address: str) -> str:
    name = address.partition("://")[2] or address
    name = name.partition("/")[0]
    return _HUB if name in _HUB_NAMES else name


def _entries(config: str) -> Iterable[tuple[str, Any]]:
    try:
        auths = json.loads(config)["auths"]
        return list(auths.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _login(entry: Any) -> Mapping[str, str] | None:
    if not isinstance(entry, dict):
        return None
    if entry.get("username"):
        return {"username": str(entry["username"]), "password": str(entry.get("password", ""))}
    try:
        name, _, password = base64.b64decode(str(entry["auth"])).decode().partition(":")
    except (KeyError, binascii.Error, UnicodeDecodeError):
        return None
    return {"username": name, "password": password} if name else None
