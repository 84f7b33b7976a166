"""The changes of which a reading is made, each done fast, or slowly with all places kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Traced:
    """A reading, and where each of its bytes came from.

    :param data: what was read.
    :param starts: of each byte, in what was read.
    :param ends: of each byte, in what was read.
    """

    data: bytes
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, data: bytes) -> Traced:
        """Begin with the text itself."""
        return cls(data, list(range(len(data))), list(range(1, len(data) + 1)))


class Step(Protocol):
    """One change that a reading makes."""

    def apply(self, data: bytes) -> bytes:
        """Make the change."""

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""


@dataclass(frozen=True, slots=True)
class Replace:
    """Puts something else in the place of a pattern.

    :param pattern: what is replaced.
    :param replacement: makes of a match what stands in its place.
    :param marks: bytes without which the pattern cannot be there.
    """

    pattern: re.Pattern[bytes]
    replacement: Callable[[re.Match[bytes]], bytes]
    marks: tuple[bytes, ...]

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        if not any(mark in data for mark in self.marks):
            return data
        return self.pattern.sub(self.replacement, data)

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        out, starts, ends, at = bytearray(), list[int](), list[int](), 0
        for match in self.pattern.finditer(traced.data):
            first, last = match.span()
            new = self.replacement(match)
            out += traced.data[at:first] + new
            starts += traced.starts[at:first] + [traced.starts[first]] * len(new)
            ends += traced.ends[at:first] + [traced.ends[last - 1]] * len(new)
            at = last
        return Traced(
            bytes(out + traced.data[at:]), starts + traced.starts[at:], ends + traced.ends[at:]
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """Drops some bytes, and makes others equal."""

    table: bytes
    dropped: bytes

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        return data.translate(self.table, self.dropped)

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        kept = [place for place, byte in enumerate(traced.data) if byte not in self.dropped]
        return Traced(
            self.apply(traced.data),
            [traced.starts[place] for place in kept],
            [traced.ends[place] for place in kept],
        )
