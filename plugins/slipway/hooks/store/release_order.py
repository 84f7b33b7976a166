"""In which order releases came: along the delivered branch, never by a clock.

What the branch is now is the git server's to say, and :meth:`ReleaseCatalogue.newest` takes its
answer where there is one. The order here is what was noted of each release when it was made.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from typing import Protocol, TypeAlias, TypeVar

from slipway.model.facts import Checkout

History: TypeAlias = list[str | int]


class Recorded(Protocol):
    """Whatever has a checkout."""

    @property
    def checkout(self) -> Checkout:
        """The commit."""


R = TypeVar("R", bound=Recorded)


def in_order(records: Iterable[R]) -> list[R]:
    """Put releases into the order of the branch, the oldest first.

    By their places on it; at the same place by their versions, which count the commits of what
    left the branch there. Records that were written before places were noted have their versions
    alone, and are fitted in between by these.

    :param records: the releases.
    """
    placed: list[tuple[int, History, R]] = []
    others: list[R] = []
    for record in records:
        position = record.checkout.position
        if position is None:
            others.append(record)
        else:
            placed.append((position, _history(record), record))
    placed.sort(key=lambda one: one[:2])
    others.sort(key=_history)
    # Each of the two is in order for itself, and stays so; only between them versions decide.
    return list(heapq.merge([record for *_, record in placed], others, key=_history))


def history(version: str) -> History:
    """Return the sort key of a version: numbers count as such, ``~`` comes before everything."""
    parts = re.split(r"([0-9]+)", version.replace("~", "\0"))
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _history(record: Recorded) -> History:
    return history(record.checkout.release.version)
