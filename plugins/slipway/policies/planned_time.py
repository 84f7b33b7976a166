"""A time that somebody sets for a deployment: ``2026-12-01 06:00 Europe/Berlin``. No clock is read.

It is a local time, since that is what people agree on. Where clocks change there are local times
that come twice, and some that never come: nobody guesses which was meant.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from slipway.exceptions import InputError
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest

# What a plan is made from is kept for longer than that (`slipway.hooks.store.runs.retention`).
MOST_AHEAD = timedelta(days=60)
# A deployment that nobody could begin for so long is not wanted any more without a look.
LATEST = timedelta(hours=1)
# When its change begins at the latest, which has that hour, an image to bake (three tries of three
# quarters of an hour), and another run's turn to wait for (two hours), and some time to spare.
LATEST_CHANGE = timedelta(hours=6)
# By how much the clocks of two workers may differ.
SKEW = timedelta(seconds=30)
# Characters of what is read at all, and of what is told of it.
LONGEST = 80
_FORM = "2026-12-01 06:00 Europe/Berlin"
_LIKE = f'write it like "{_FORM}"'
_WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d{1,2}-\d{1,2})(?:[ \t]+|T)(?P<clock>\d{1,2}:\d{2})(?::(?P<second>\d{2}))?"
    r"[ \t]*(?P<zone>[^\s].*)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
_MOST_OFFSET = timedelta(hours=14)


class BadTime(InputError):
    """What somebody wrote is no time, or none at which anything could be deployed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedTime:
    """When a deployment is to begin.

    :param at: the instant, in UTC.
    :param words: as people read it, in the zone that it was given in.
    """

    at: datetime
    words: str

    def __str__(self) -> str:
        """Return its words."""
        return self.words

    @property
    def seconds(self) -> float:
        """Return the instant in seconds since 1970."""
        return self.at.timestamp()


def read(text: str) -> PlannedTime:
    """Read a time; whether it is a time to come is another question.

    :param text: as somebody wrote it.
    :raises BadTime: when it means no instant, or more than one.
    """
    told = visible(text.strip(), LONGEST)
    found = _WRITTEN.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        msg = f"{told!r} is no day and time" if told else "nobody said which time"
        raise BadTime(msg, advice=_LIKE)
    if found["second"] not in (None, "00"):
        msg = f"{told!r} has seconds, and a time is given to the minute"
        raise BadTime(msg, advice=_LIKE)
    local, name = _local(found["day"], found["clock"], told), (found["zone"] or "").strip()
    if not name:
        msg = f"{told!r} says no time zone"
        raise BadTime(msg, advice=f"whose time is it? {_LIKE}, or with UTC, or +01:00")
    zone = _zone(name)
    return PlannedTime(at=_instant(local, zone, name), words=f"{_said(local)} {name}")


def require_ahead(planned: PlannedTime, now: datetime) -> None:
    """Make sure that a time is one to come, and not too far ahead.

    :param planned: the time.
    :param now: with its zone.
    :raises BadTime: when it is neither.
    """
    ahead = planned.at - now
    if ahead <= timedelta(0):
        msg = f"{planned} is over: it is {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise BadTime(msg, advice="give a time to come, or none to deploy now")
    if ahead > MOST_AHEAD:
        msg = f"{planned} is {ahead.days} days ahead, and {MOST_AHEAD.days} are the most"
        raise BadTime(msg, advice="plan it when it is nearer; much will have changed by then")


def until(planned: PlannedTime, now: datetime) -> str:
    """Return how long it is until then, for people: ``3 d 4 h``, ``2 h 5 min``, ``40 s``.

    :param planned: the time.
    :param now: with its zone.
    """
    left = max(0, round((planned.at - now).total_seconds()))
    days, hours, minutes = left // 86400, left // 3600 % 24, left // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{left} s"


def _local(day: str, clock: str, told: str) -> datetime:
    year, month, date = (int(part) for part in day.split("-"))
    hour, minute = (int(part) for part in clock.split(":"))
    try:
        return datetime(year, month, date, hour, minute)  # noqa: DTZ001 - its zone comes next
    except ValueError as error:
        msg = f"there is no {told!r}: {error}"
        raise BadTime(msg, advice=_LIKE) from error


def _zone(name: str) -> tzinfo:
    if name in ("UTC", "Z"):
        return UTC
    if (offset := _OFFSET.fullmatch(name)) is not None:
        apart = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if int(offset[3]) < 60 and apart <= _MOST_OFFSET:
            return timezone(-apart if offset[1] == "-" else apart)
        msg = f"{name} is no zone's distance from UTC"
        raise BadTime(msg, advice=f"-12:00 to +14:00 are; or {_LIKE}")
    # Not whatever file `ZoneInfo` finds by a name.
    known = _places()
    if name in known:
        return ZoneInfo(name)
    if not known:
        msg = f"this machine knows no time zones, so not {visible(name)!r} either"
        raise BadTime(msg, advice="give it in UTC or as +01:00, or `pip install tzdata`")
    folded = {one.casefold(): one for one in (*known, "UTC")}
    # What is short, like CEST, is near to many that mean another time.
    near = folded.get(name.casefold()) or ("/" in name and nearest(name, sorted(known)))
    hint = f"did you mean {near!r}?" if near else f"name a place: {_LIKE}"
    msg = f"{visible(name)!r} is not a time zone"
    raise BadTime(msg, advice=hint)


@functools.cache
def _places() -> frozenset[str]:
    """Return the zones that are named for a place, once: they are looked for on the disk.

    What is short is none (CET, EST, localtime): it means other times to other people, or machines.
    """
    return frozenset(one for one in available_timezones() if "/" in one)


def _instant(local: datetime, zone: tzinfo, name: str) -> datetime:
    try:
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        at = first.astimezone(UTC)
        again = at.astimezone(zone).replace(tzinfo=None)
    except OverflowError as error:
        msg = f"{_said(local)} is no time that a calendar here knows"
        raise BadTime(msg, advice=_LIKE) from error
    if again != local:
        msg = f"{_said(local)} never comes in {name}: the clocks are put forward over it"
        raise BadTime(msg, advice=f'take "{_said(again)} {name}", or another')
    if first.utcoffset() != second.utcoffset():
        msg = f"{_said(local)} comes twice in {name}, since the clocks are put back"
        both = [f'"{one.isoformat(" ", "minutes")}"' for one in (first, second)]
        raise BadTime(msg, advice=f"say which: {both[0]} is the first, {both[1]} the second")
    return at


def _said(local: datetime) -> str:
    return local.isoformat(" ", "minutes")
