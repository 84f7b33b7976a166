"""What git hosts say beside a status of HTTP: for how long to wait, and what is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from slipway.model.text.inert import visible

# Seconds; a host that asks for more is asked again all the same.
MOST_PATIENCE = 3600.0
_LONGEST = 300


def patience(headers: Mapping[str, str]) -> float:
    """Return for how many seconds a host wants to be left alone; 0 where it does not say.

    :param headers: of its answer, by their names in small letters.
    """
    if asked := headers.get("retry-after", "").strip():
        seconds = _seconds(asked)
    elif headers.get("x-ratelimit-remaining", "").strip() == "0":
        seconds = _number(headers.get("x-ratelimit-reset", "")) - time.time()
    else:
        return 0.0
    return min(max(seconds, 1.0), MOST_PATIENCE)


def message_of(body: bytes) -> str:
    """Return what an answer says is wrong, on one line; empty where it does not say.

    :param body: of the answer, anything.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return visible(" ".join(_sentence(said).split())[:_LONGEST], _LONGEST)


def _sentence(said: Any) -> str:
    """Find the sentence: each host has a place of its own for it."""
    if isinstance(said, str):
        return said
    if isinstance(said, list):
        return "; ".join(filter(None, (_sentence(one) for one in said[:3])))
    if not isinstance(said, dict):
        return ""
    for name in ("error", "errors", "message", "detail"):
        if isinstance(found := said.get(name), str | list | dict) and found:
            inner = _sentence(found)
            if inner:
                return inner
    return ""


def _seconds(text: str) -> float:
    """Read a number of seconds, or a date."""
    if number := _number(text):
        return number
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1e12 else 0.0
