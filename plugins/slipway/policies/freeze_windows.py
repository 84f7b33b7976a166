"""When an environment must be left alone. Pure: it asks no clock.

A window is written in somebody's local time. Where clocks change, it is never shorter than it
reads: it begins at the first and ends at the last instant that its words can mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from slipway.model.facts import Fact

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Days that are looked ahead for the next window: a week's windows are all within.
_AHEAD = 9
# Windows that follow each other without a gap are walked through this far; what goes on after
# more than a year of days has no end that is worth naming.
_MOST_STEPS = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class FreezeWindow(Fact):
    """Hours of the week, or one stretch of time.

    :param begin: with ``days`` a time of the day, ``15:00``; otherwise ``2026-12-19T00:00``.
    :param until: likewise, and no longer part of the window; ``24:00`` ends the day, and a time
        that is not after ``begin`` is the next day's.
    :param zone: whose local time these are, as ``Europe/Berlin``.
    :param reason: why, for whoever is held up.
    :param days: on which it begins: ``mon`` to ``sun``; none for one stretch of time.
    """

    begin: str
    until: str
    zone: str
    reason: str
    days: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the window's words."""
        on = f"{', '.join(self.days)} " if self.days else ""
        begin, until = (one.replace("T", " ") for one in (self.begin, self.until))
        return f"{on}{begin} to {until} {self.zone}: {self.reason}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Freeze:
    """A window that is open now; instants are in UTC.

    :param window: as the project file has it.
    :param ends: when this window does.
    :param thaws: the next instant without any; None when there is none within sight.
    """

    window: FreezeWindow
    ends: datetime
    thaws: datetime | None

    def __str__(self) -> str:
        """Say which window it is, until when, and what comes after it."""
        said = f"{self.window} (until {self._spoken(self.ends)}"
        if self.thaws is None:
            return f"{said}, and others follow without end)"
        if self.thaws != self.ends:
            said += f", and others follow until {self._spoken(self.thaws)}"
        return f"{said})"

    def _spoken(self, instant: datetime) -> str:
        return f"{instant.astimezone(ZoneInfo(self.window.zone)):%a %Y-%m-%d %H:%M %Z}"


def freeze_at(windows: Sequence[FreezeWindow], now: datetime) -> Freeze | None:
    """Return the freeze at an instant, None where there is none.

    :param windows: the environment's.
    :param now: with its zone. Of several open windows the one that ends last is named.
    """
    found = _open(windows, now.astimezone(UTC))
    if found is None:
        return None
    window, ends = found
    return Freeze(window=window, ends=ends, thaws=_after(windows, ends))


@dataclass(frozen=True, kw_only=True, slots=True)
class NextFreeze:
    """A window that is open, or that opens next; instants are in UTC."""

    window: FreezeWindow
    begins: datetime
    until: datetime


def next_freeze(windows: Sequence[FreezeWindow], now: datetime) -> NextFreeze | None:
    """Return the window that is open, or the one that opens next; None where there is neither.

    :param windows: the environment's.
    :param now: with its zone. It ends when no window is open any more.
    """
    at = now.astimezone(UTC)
    found = [
        NextFreeze(window=window, begins=begins, until=ends)
        for window in windows
        for day in range(_AHEAD if window.days else 1)
        for begins, ends in _spans(window, at + timedelta(days=day))
        if ends > at
    ]
    first = min(found, key=lambda one: (max(one.begins, at), -one.until.timestamp()), default=None)
    if first is None:
        return None
    return replace(first, until=_after(windows, first.until) or first.until)


def _after(windows: Sequence[FreezeWindow], end: datetime) -> datetime | None:
    for _ in range(_MOST_STEPS):
        found = _open(windows, end)
        if found is None:
            return end
        end = found[1]
    return None


def _open(windows: Iterable[FreezeWindow], now: datetime) -> tuple[FreezeWindow, datetime] | None:
    found = [
        (window, end)
        for window in windows
        for begin, end in _spans(window, now)
        if begin <= now < end
    ]
    return max(found, key=lambda one: one[1], default=None)


def _spans(window: FreezeWindow, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the window's beginnings and ends around an instant, in UTC."""
    zone = ZoneInfo(window.zone)
    if not window.days:
        begin, until = (datetime.fromisoformat(one) for one in (window.begin, window.until))
        yield _instant(begin, zone, min), _instant(until, zone, max)
        return
    begins, ends = _into_day(window.begin), _into_day(window.until)
    if ends <= begins:
        ends += timedelta(days=1)
    today = now.astimezone(zone).date()
    # Yesterday's may last past midnight; tomorrow's begins today where the clock skips midnight.
    for day in (today + timedelta(days=n) for n in (-1, 0, 1)):
        if _DAYS[day.weekday()] in window.days:
            midnight = datetime.combine(day, time.min)
            yield _instant(midnight + begins, zone, min), _instant(midnight + ends, zone, max)


def _into_day(clock: str) -> timedelta:
    hours, _, minutes = clock.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _instant(
    local: datetime, zone: ZoneInfo, pick: Callable[[Iterable[datetime]], datetime]
) -> datetime:
    """Turn local time into an instant: one that comes twice or never can mean either of two."""
    return pick(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
