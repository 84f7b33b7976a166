"""What the environment decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_RELEASES = Path(__file__).resolve().parent.parent / "release"


class ConfigurationError(Exception):
    """A setting is missing or makes no sense."""


@dataclass(frozen=True)
class Config:
    """The service's settings.

    :param database_url: libpq URL, e.g. ``postgresql://user:password@host/name``.
    :param address: where to listen.
    :param port: the same; 0 lets the kernel choose.
    :param connections: to the database, at most.
    """

    database_url: str
    address: str = "0.0.0.0"  # noqa: S104 - a load balancer on another machine must reach it
    port: int = 8000
    connections: int = 8

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Config:
        """Read ``DATABASE_URL`` and, with defaults, the ``GUESTBOOK_*`` variables.

        :raises ConfigurationError: naming the variable that is missing or wrong.
        """
        url = environment.get("DATABASE_URL", "")
        if not url:
            raise ConfigurationError("DATABASE_URL is not set")
        return cls(
            database_url=url,
            address=environment.get("GUESTBOOK_ADDRESS", cls.address),
            port=_number(environment, "GUESTBOOK_PORT", cls.port, range(65536)),
            connections=_number(
                environment, "GUESTBOOK_CONNECTIONS", cls.connections, range(1, 101)
            ),
        )


def _number(environment: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or int(text) not in allowed:
        raise ConfigurationError(f"{name} is {text!r}: want {allowed.start} to {allowed.stop - 1}")
    return int(text)


def version(releases: Path = _RELEASES) -> str:
    """Return the version that is installed: the package holds one file that is named for it."""
    names = [path.name for path in releases.iterdir()] if releases.is_dir() else []
    return names[0] if len(names) == 1 else "0.0.0+source"
