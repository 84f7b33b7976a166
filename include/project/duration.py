"""Lengths of time, as people write them in a project file."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_UNIT_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(value: Any) -> Any:
    """Read ``90s``, ``5m``, ``1h``, ``2d`` or a number of seconds.

    :param value: what the file says; a timedelta passes through.
    :raises ValueError: when it is none of these.
    """
    if isinstance(value, timedelta):
        return value
    match = None if isinstance(value, bool) else _DURATION.fullmatch(str(value).strip())
    if match is None:
        msg = f"{value!r} is not a length of time; write it like 90s, 5m or 1h"
        raise ValueError(msg)
    return timedelta(seconds=float(match[1]) * _UNIT_SECONDS[match[2]])


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(s|m|h|d)?$"},
                {"type": "number", "minimum": 0},
            ]
        }
    ),
]
