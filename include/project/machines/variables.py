"""What a project file may tune of its machines without a role of its own.

Beside these a project's variables are its roles', whose names nothing here knows.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from include.project.field_types import matching
from include.project.freeze import known_zone
from slipway.model.text.nearest import suggestion

# Variables of Slipway's own playbooks, and of Ansible itself.
_OURS = re.compile(r"(app|base|machine|tuning|ansible)_|^(ansible|hostvars|groups|environment)$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

SysctlName = Annotated[
    str,
    matching(r"^[a-z0-9_-]+([./][A-Za-z0-9_*-]+)+$", "a kernel setting like net.core.somaxconn"),
]
SysctlValue = Annotated[str, matching(r"^[^\x00-\x1f\x7f]+$", "the setting's value, in one line")]
Bytes = Annotated[str, matching(r"^[1-9][0-9]*[KMGT]$", "a size like 512M or 2G")]
Span = Annotated[
    str, matching(r"^[0-9]+(us|ms|s|min|h|day|week|month|year)?$", "a span like 30s or 1month")
]
HostName = Annotated[
    str, matching(r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", "the name or address of a host")
]
Most = Annotated[int, Field(ge=1)] | Literal["unlimited"]
Count = Annotated[int, Field(ge=0)]


class Limits(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """Limits of processes, of units and of people alike."""

    nofile: Annotated[int, Field(ge=1)] | None = None
    """Open files."""
    nproc: Most | None = None
    """Processes of one user."""
    memlock: Most | None = None
    """Memory that stays in memory, in KiB."""
    core: Most | Literal[0] | None = None
    """Size of a core dump, in KiB."""


class Journald(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """The journal's settings, as journald.conf(5) has them."""

    Storage: Literal["volatile", "persistent", "auto", "none"] | None = None
    Compress: bool | None = None
    SystemMaxUse: Bytes | None = None
    SystemKeepFree: Bytes | None = None
    SystemMaxFileSize: Bytes | None = None
    SystemMaxFiles: Count | None = None
    RuntimeMaxUse: Bytes | None = None
    RuntimeKeepFree: Bytes | None = None
    MaxRetentionSec: Span | None = None
    MaxFileSec: Span | None = None
    SyncIntervalSec: Span | None = None
    RateLimitIntervalSec: Span | None = None
    RateLimitBurst: Count | None = None
    ForwardToSyslog: bool | None = None
    ForwardToConsole: bool | None = None
    MaxLevelStore: (
        Literal["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] | None
    ) = None


class Variables(BaseModel):
    """What is tuned, and whatever the project's roles know besides."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    sysctl: dict[SysctlName, int | SysctlValue] = {}
    """Kernel settings, over those that every machine has."""
    limits: Limits = Limits()
    """Limits of processes, over those that every machine has."""
    journald: Journald = Journald()
    """Settings of the journal, over those that every machine has."""
    timezone: Annotated[str, AfterValidator(known_zone)] | None = None
    """Of the machine's clock, like Europe/Berlin; UTC by default."""
    ntp_servers: tuple[HostName, ...] = ()
    """Where the time comes from, before the distribution's own servers are asked."""
    swap: Bytes | None = None
    """A swap file of this size, made when a machine boots; there is none by default."""

    @property
    def of_roles(self) -> dict[str, Any]:
        """Those that only a role can know."""
        return dict(self.model_extra or {})

    def written(self) -> dict[str, Any]:
        """Return what the file says, as JSON has it, and none of the defaults."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        for name in self.of_roles:
            if not _NAME.fullmatch(name):
                msg = f"{name!r} is no variable's name: letters, digits and _, no digit in front"
                raise ValueError(msg)
            if _OURS.match(name):
                msg = f"{name!r} begins like Slipway's own variables, or Ansible's; rename it"
                raise ValueError(msg)
        return self


def unknown(variables: Variables) -> str | None:
    """Say what is wrong with variables where there is no role that could know them.

    :returns: None when nothing is.
    """
    for name in variables.of_roles:
        hint = suggestion(name, Variables.model_fields)
        return f"variables: {name!r} is unknown, and no role is named that could know it{hint}"
    return None
