"""How a project wants its migrations proved against the release that serves."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from slipway.model.fact import Fact


class OnBroken(StrEnum):
    """What follows when the release that serves fails on the migrated schema."""

    OFF = "off"
    """It is not started at all."""
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question(Fact):
    """One request to the service.

    :param method: of HTTP.
    :param path: with its query.
    :param body: JSON, or a form; empty for none.
    """

    method: str
    path: str
    body: str = ""

    def __str__(self) -> str:
        """Name it as the project file does, without the body."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofSettings(Fact):
    """What the project file says.

    :param mode: what follows when it fails.
    :param unit: the systemd unit that serves.
    :param environment: the unit's settings on every machine.
    :param stand_ins: what takes the place of secrets and of other services' addresses; ``{url}``,
        ``{host}``, ``{port}``, ``{user}``, ``{password}`` and ``{name}`` are the database's.
    :param questions: whose answers must be below 400.
    :param command: for a shell in the service's container, with its user and environment.
    :param image: of the container; like a machine's by default.
    :param timeout: seconds for each start, and for the command.
    :param systems: the machines' operating system, by the environment's name.
    """

    mode: OnBroken = OnBroken.STOP
    unit: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    stand_ins: dict[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    command: str = ""
    image: str = ""
    timeout: float = 60.0
    systems: dict[str, str] = field(default_factory=dict)

    def variables(self, url: str) -> dict[str, str]:
        """Return the service's environment on a database.

        :param url: the database's, with its password.
        """
        parts = urlsplit(url)
        known = {
            "url": url,
            "host": parts.hostname or "",
            "port": str(parts.port or 5432),
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "name": unquote(parts.path.lstrip("/")),
        }
        database = {
            "DATABASE_URL": url,
            "PGHOST": known["host"],
            "PGPORT": known["port"],
            "PGUSER": known["user"],
            "PGPASSWORD": known["password"],
            "PGDATABASE": known["name"],
        }
        given = {name: _filled(text, known) for name, text in self.stand_ins.items()}
        return {**database, **self.environment, **given}


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text
