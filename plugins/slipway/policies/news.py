"""When something is news: it broke, it is still broken, it is fixed."""

from __future__ import annotations

import dataclasses

from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import PlaceMemory, Result

# Seconds between two reminders, and after the last result until nobody is reminded any more.
REMINDER, FORGOTTEN = 86400.0, 7 * 86400.0


def counted(known: PlaceMemory, result: Result) -> tuple[PlaceMemory, NewsEvent | None]:
    """Let a result count; returns what is remembered from now on, and what is news of it.

    Whether it came in the right order is the caller's to know.

    :param known: what is remembered.
    :param result: how it went.
    """
    last = known.last
    if last is not None and (last.sha, last.passed) == (result.sha, result.passed):
        return _again(known, result)
    if result.passed:
        event = NewsEvent.FIXED if known.first_bad else None
        after = dataclasses.replace(known, last=result, good=result, first_bad=None, told_at=0.0)
        return after, event
    if known.first_bad is not None:
        return _again(known, result)
    after = dataclasses.replace(known, last=result, first_bad=result, told_at=result.at)
    return after, NewsEvent.BROKE


def _again(known: PlaceMemory, result: Result) -> tuple[PlaceMemory, NewsEvent | None]:
    """Let the same count once more: of what is broken people are reminded once a day."""
    if result.passed:
        return known, None
    due = result.at - known.told_at >= REMINDER
    told_at = result.at if due else known.told_at
    after = dataclasses.replace(known, last=result, told_at=told_at)
    return after, NewsEvent.STILL_BROKEN if due else None


def reminded(known: PlaceMemory, now: float) -> PlaceMemory | None:
    """Return what is remembered after a reminder; None where none is due.

    :param known: what is remembered.
    :param now: seconds since 1970.
    """
    if known.first_bad is None or known.last is None or known.place.is_tag:
        return None
    if now - known.told_at < REMINDER or now - known.last.at > FORGOTTEN:
        return None
    return dataclasses.replace(known, told_at=now)


def is_behind(result: Result, last: Result | None) -> bool:
    """Tell whether a commit lies before the one that counted last, by their places on the branch.

    :param result: of the commit.
    :param last: what counted last.
    """
    if last is None or result.position is None or last.position is None:
        return False
    return result.position < last.position
