"""What housekeeping freed: a line in its log, and figures."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from slipway.metrics.catalogue import FREED_BYTES, FREED_THINGS
from slipway.metrics.emit import count

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class FreedKind(StrEnum):
    """What can be freed, as the log and the metrics name it."""

    IMAGE = "machine image"
    DISK = "disk"
    STANDBY = "server group"
    CACHE = "cache"
    NOTES = "run's notes"
    BUILD = "pull request's build"


class Freed:
    """Adds up what went of one kind."""

    def __init__(self, kind: FreedKind) -> None:
        self._kind = kind
        self.things = 0
        self.size = 0

    def add(self, size: int = 0, things: int = 1) -> None:
        """Note what went, as soon as it has.

        :param size: bytes that it took; 0 where nobody knows.
        :param things: how many.
        """
        self.things += things
        self.size += size
        count(FREED_THINGS, things, kind=self._kind)
        count(FREED_BYTES, size, kind=self._kind)

    def tell(self, say: Callable[[str], None]) -> None:
        """Say it, if anything went.

        :param say: takes a line for the log.
        """
        if self.things:
            size = f", {in_units(self.size)}" if self.size else ""
            say(f"freed: {self._kind} x {self.things}{size}")


def in_units(size: int) -> str:
    """Return a number of bytes for people: ``24.0 GiB``.

    :param size: bytes.
    """
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} B"
