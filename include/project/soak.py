"""What a release is asked and watched by while it is on trial, as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from include.project.duration import Duration, parse_duration
from include.project.field_types import CloudName, StatusCodes, UrlPath, WebScheme, WebUrl
from slipway.model.cloud.health_check import Scheme


class Health(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """The question each machine is asked before it joins."""

    path: UrlPath | None = None
    """As the balancer's own check has it, where nothing is said here; so the next three."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port that answers."""
    scheme: Scheme | None = None
    """`tcp` and `tls` ask for a connection alone. Certificates are taken as they are."""
    status: StatusCodes | None = None
    """The right answers: a code, or codes and ranges like `200-399,401`."""
    timeout: Duration = timedelta(minutes=5)
    """How long a new fleet may take until it is healthy."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.scheme and not self.scheme.asks_for_a_path and (self.path or self.status):
            msg = f"{self.scheme.value} asks for a connection alone; leave out path and status"
            raise ValueError(msg)
        return self


class Probe(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """An HTTP question that is asked again and again while the new fleet is watched."""

    path: UrlPath | None = None
    """Asked of each new machine in service, directly, past the balancer."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The machines' port; the one of `health` by default."""
    url: WebUrl | None = None
    """Asked as well, from a worker: a page behind the balancer, say."""
    status: Annotated[int, Field(ge=100, le=599)] = 200
    """The expected answer."""
    scheme: WebScheme | None = None
    """`http` or `https`, of the machines; the one of `health` at the same port by default."""
    failures: Annotated[int, Field(ge=1, le=20)] = 3
    """So many wrong answers in a row are a breach; fewer may be the network's."""

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.path is None and self.url is None:
            msg = "name a path, which is asked of each machine, a url, or both"
            raise ValueError(msg)
        return self


class Soak(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """For how long, and by what, the new fleet is watched before the old one is let go."""

    length: Annotated[Duration, Field(alias="for")] = timedelta(seconds=30)
    """How long. The balancer's word on each machine counts all the time."""
    probe: Probe | None = None
    """An HTTP question besides."""
    alarms: tuple[CloudName, ...] = ()
    """Names of CloudWatch alarms; one that goes off after the launch is a breach."""


def read_soak(value: Any) -> Any:
    """Read a soak, or only its length.

    :param value: what the file says.
    :raises ValueError: when it is neither a mapping nor a length of time.
    """
    if isinstance(value, Soak | Mapping):
        return value
    return {"for": parse_duration(value)}


class Canary(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """The first few machines of a new release, which serve beside the full old fleet."""

    size: Annotated[int, Field(ge=1)] = 1
    """How many."""
    soak: Duration = timedelta(seconds=30)
    """How long they are watched, by the same probe and alarms, before the rest is launched."""


def read_canary(value: Any) -> Any:
    """Read a canary: ``true`` is one with all defaults, ``false`` is none.

    :param value: what the file says.
    :raises ValueError: when it is neither of these nor a mapping.
    """
    if value is None or isinstance(value, Canary | Mapping):
        return value
    if not isinstance(value, bool):
        msg = f"{value!r} is no canary; write true, or a mapping like {{size: 1, soak: 30s}}"
        raise ValueError(msg)
    return {} if value else None


WrittenSoak = Annotated[Soak, BeforeValidator(read_soak, json_schema_input_type=Duration | Soak)]
WrittenCanary = Annotated[
    Canary | None, BeforeValidator(read_canary, json_schema_input_type=bool | Canary | None)
]
