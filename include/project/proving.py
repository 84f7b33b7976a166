"""How migrations are proved against what serves, as people write it in a project file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from include.project.duration import Duration
from include.project.field_types import SettingValue, VariableName, matching
from slipway.model.proof_settings import OnBroken, Question

_REQUEST = re.compile(r"([A-Z]{3,7}) (/\S*)(?: (.+))?", re.DOTALL)
_LONGEST = timedelta(minutes=5)
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]?B)", re.IGNORECASE)
_UNITS = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}


def _request(value: Any) -> Question:
    """Read ``GET /entries`` or ``POST /entries {"author": "Ada"}``."""
    if isinstance(value, Question):
        return value
    found = _REQUEST.fullmatch(str(value).strip())
    if found is None:
        msg = f"{value!r} is no request; write a method and a path: GET /entries"
        raise ValueError(msg)
    return Question(method=found[1], path=found[2], body=found[3] or "")


def _not_too_long(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= _LONGEST:
        msg = f"it may take up to {_LONGEST.seconds // 60} minutes, and more than none"
        raise ValueError(msg)
    return value


def _size(value: Any) -> int:
    """Read a size as people write it; a number is bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        msg = f"{value!r} is no size; write 100 MB or 2 GB"
        raise ValueError(msg)
    return int(float(found[1]) * _UNITS[found[2].lower()])


_REQUEST_SCHEMA = {"type": "string", "examples": ["GET /entries"]}
_SIZE_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "integer"}], "examples": ["100 MB"]}
Request = Annotated[Question, BeforeValidator(_request), WithJsonSchema(_REQUEST_SCHEMA)]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
ImageName = Annotated[
    str,
    matching(r"^[A-Za-z0-9._:@-]+(/[A-Za-z0-9._:@-]+)*$", "an image's name, without https://", 300),
]


class Prove(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """How the releases that serve now are tried on the migrated schema."""

    mode: OnBroken = OnBroken.STOP
    """What follows when one of them fails there: `stop`, or `warn`; `off` tries none."""
    requests: tuple[Request, ...] = ()
    """Asked besides the health path, with answers below 400: `GET /entries`, or with a body `POST
    /entries {"author": "Ada"}`."""
    command: Annotated[str, Field(max_length=4000)] = ""
    """Run by a shell in the service's container, as its user and with its environment: a smoke test
    that the package brings along, say."""
    config: dict[VariableName, SettingValue] = {}
    """Variables in place of secrets and of other services' addresses, nothing secret. The scratch
    database is `DATABASE_URL` and libpq's `PGHOST` and so on by itself; under other names write
    `{url}`, `{host}`, `{port}`, `{user}`, `{password}`, `{name}`."""
    image: ImageName | None = None
    """The container's, like the machines; their operating system's own by default."""
    timeout: Annotated[Duration, AfterValidator(_not_too_long)] = timedelta(minutes=1)
    """For each start of the service until it is healthy, and for the command."""


def read_prove(value: Any) -> Any:
    """Read how migrations are proved, or only what follows.

    :param value: what the file says; YAML takes ``off`` for ``false``, and ``on`` for ``true``.
    """
    if isinstance(value, Prove | Mapping):
        return value
    if isinstance(value, bool):
        value = OnBroken.STOP if value else OnBroken.OFF
    return {"mode": value}


WrittenProve = Annotated[
    Prove, BeforeValidator(read_prove, json_schema_input_type=OnBroken | bool | Prove)
]
