"""Freeze windows, as people write them in a project file."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from slipway.model.text.nearest import nearest
from slipway.policies.freeze_windows import FreezeWindow

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")
_HOUR = 60
Edge: TypeAlias = str | date  # a time of the day as HH:MM, a day, or (a datetime) both


def parse_edge(value: Any) -> Edge:
    """Read ``15:00``, ``2026-12-19`` or ``2026-12-19 15:00``.

    :param value: what the file says.
    :raises ValueError: when it is none of these, or brings a zone of its own.
    """
    if isinstance(value, int) and value >= _HOUR:
        # YAML 1.1 reads 15:00 without quotes as a number, in base 60.
        msg = f'{value} is not a time; put it in quotes: "{value // _HOUR:02}:{value % _HOUR:02}"'
        raise ValueError(msg)
    text = str(value).strip()
    if match := _CLOCK.fullmatch(text):
        return f"{int(match[1]):02}:{match[2]}" if match[1] else text
    try:
        edge = date.fromisoformat(text) if len(text) == len("2026-12-19") else _moment(text)
    except ValueError as error:
        msg = f'{value!r} is neither a time ("15:00") nor a day ("2026-12-19", "2026-12-19 15:00")'
        raise ValueError(msg) from error
    if isinstance(edge, datetime) and edge.tzinfo is not None:
        msg = f"{value} has a zone of its own; leave it out, the field `zone` says it"
        raise ValueError(msg)
    return edge


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def known_zone(name: str) -> str:
    """Keep to the time zones that there are.

    :raises ValueError: for another, with the nearest.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = nearest(name, sorted(available_timezones()))
        hint = f"; did you mean {near!r}?" if near else ", write it like Europe/Berlin"
        msg = f"{name!r} is not a time zone{hint}"
        raise ValueError(msg) from error
    return name


_EDGE = WithJsonSchema(
    {"type": "string", "pattern": r"^(\d{1,2}:\d{2}|\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?)$"}
)
WrittenEdge = Annotated[Any, PlainValidator(parse_edge), _EDGE]


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Freeze(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """A time in which nothing is deployed: hours of some days of the week, or one stretch."""

    days: tuple[Day, ...] = ()
    """On these days, every week; without them, `from` and `until` are days themselves."""
    begin: Annotated[WrittenEdge, Field(alias="from")] = None
    """A time, midnight by default; without `days` the first day, or its date and time."""
    until: WrittenEdge = None
    """A time, the day's end by default, the next day's if it is before `from`; without `days` the
    last day, or the date and time of the end. 23:59 and 24:00 are both the end of the day."""
    zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """Whose local time this is, like Europe/Berlin."""
    reason: Annotated[str, Field(min_length=1)]
    """Shown to whoever is held up."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        clocks = [isinstance(edge, str) for edge in (self.begin, self.until) if edge is not None]
        if self.days and not all(clocks):
            msg = 'with `days`, `from` and `until` are times like "15:00"'
            raise ValueError(msg)
        if not self.days and (len(clocks) < len(("from", "until")) or any(clocks)):
            msg = "name `days`, or give `from` and `until` as days like 2026-12-19"
            raise ValueError(msg)
        window = self.window()
        if window.begin == window.until or not (self.days or window.begin < window.until):
            msg = f"it ends ({window.until}) where or before it begins ({window.begin})"
            raise ValueError(msg)
        return self

    def window(self) -> FreezeWindow:
        """Return the window as the decision reads it."""
        if self.days:
            begin, until = self.begin or "00:00", self.until or "24:00"
            until = "24:00" if until == "23:59" else until
        else:
            begin, until = _first(self.begin), _last(self.until)
        days = tuple(day.value for day in self.days)
        return FreezeWindow(begin=begin, until=until, zone=self.zone, reason=self.reason, days=days)


def _first(edge: date) -> str:
    at = edge if isinstance(edge, datetime) else datetime(edge.year, edge.month, edge.day)  # noqa: DTZ001 - local time, its zone is another field
    return at.isoformat().removesuffix(":00")


def _last(edge: date) -> str:
    return _first(edge if isinstance(edge, datetime) else edge + timedelta(days=1))
