"""Reading what a stranger wrote, of which nothing need be as it should."""

from __future__ import annotations

import json
from typing import Any

from slipway.exceptions import HookMalformed


def read_json(body: bytes) -> dict[str, Any]:
    """Read a payload.

    :param body: after its signature was checked.
    :raises HookMalformed: when it is no JSON object.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        msg = "the payload is no JSON"
        raise HookMalformed(msg, advice="let the host send application/json") from error
    if not isinstance(found, dict):
        msg = "the payload is JSON, but no object"
        raise HookMalformed(msg, advice="let the host send its own events")
    return found


def text(value: Any, *path: str) -> str:
    """Return the text at a path; empty where there is none.

    :param value: a payload, or a part of one.
    :param path: keys, from the outside to the inside.
    """
    found = part(value, *path)
    return found if isinstance(found, str) else ""


def part(value: Any, *path: str) -> Any:
    """Return what is at a path, or None where nothing is.

    :param value: a payload, or a part of one.
    :param path: keys, from the outside to the inside.
    """
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def items(value: Any, *path: str) -> list[Any]:
    """Return the list at a path; an empty one where there is none.

    :param value: a payload, or a part of one.
    :param path: keys, from the outside to the inside.
    """
    found = part(value, *path)
    return found if isinstance(found, list) else []
