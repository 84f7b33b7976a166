"""What runs a project's pipeline by the clock, as people write it in a project file."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated, Any

from croniter import CroniterError, croniter
from pydantic import AfterValidator, BaseModel, Field, model_validator

from include.project.field_types import BranchName
from include.project.freeze import known_zone
from slipway.model.text.nearest import nearest

# What cron(8) has names for, and what they stand for.
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_RANGES = ("0 to 59", "0 to 23", "1 to 31", "1 to 12 or jan to dec", "0 to 7 or sun to sat")
# Names of weekdays and months, and L for a month's last day; R and H would be random times.
_FIELD = re.compile(r"[0-9*,/#-]*(?:(?:[a-z]{3}|l)[0-9*,/#-]*)*", re.IGNORECASE)
_ZONE = re.compile(r"[A-Za-z]{2,}[A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_LIKE = 'write it like "0 3 * * *": minute, hour, day of the month, month, day of the week'


def parse_cron(written: str) -> str:
    """Read five fields, or one of cron's names, into five fields.

    :param written: as the file has it, without a time zone.
    :raises ValueError: when it is neither, naming the field that is wrong.
    """
    text = " ".join(written.split())
    if text.startswith("@"):
        return _named(text)
    fields = text.split(" ")
    if len(fields) == len(_FIELDS) + 1:
        msg = f"{text!r} has six fields: where the first one is for seconds, leave it out; {_LIKE}"
        raise ValueError(msg)
    if len(fields) != len(_FIELDS):
        many = "one field" if len(fields) == 1 else f"{len(fields)} fields"
        msg = f"{text!r} has {many} and not five; {_LIKE}"
        raise ValueError(msg)
    for place, field in enumerate(fields):
        _check(place, field)
    if not _ever(text):
        msg = f"there is no day like that of {text!r}"
        raise ValueError(msg)
    return text


def _named(text: str) -> str:
    if found := _NAMED.get(text.lower()):
        return found
    near = nearest(text.lower(), _NAMED)
    hint = f"did you mean {near!r}?" if near else _LIKE
    if text.startswith("@every"):
        hint = 'every ten minutes is "*/10 * * * *"'
    msg = f"{text!r} is none of cron's names; {hint}"
    raise ValueError(msg)


def _check(place: int, field: str) -> None:
    """Look at one field by itself, so that a mistake can be said of it."""
    alone = ["*"] * len(_FIELDS)
    alone[place] = field
    if _FIELD.fullmatch(field):
        with suppress(CroniterError, ValueError, KeyError):
            croniter.expand(" ".join(alone))
            return
    msg = f"{field!r} is no {_FIELDS[place]}, which is {_RANGES[place]}; {_LIKE}"
    raise ValueError(msg)


def _ever(text: str) -> bool:
    """Tell whether a time ever comes: the 30th of February does not."""
    try:
        croniter(text, max_years_between_matches=10).get_next()
    except CroniterError:
        return False
    return True


def _apart(data: Any) -> Any:
    """Take a time zone off the end of an expression: ``0 3 * * * Europe/Berlin``."""
    if not isinstance(data, dict) or not isinstance(data.get("cron"), str):
        return data
    first, _, last = data["cron"].strip().rpartition(" ")
    words = len(first.split())
    if not _ZONE.fullmatch(last) or (words < len(_FIELDS) and not first.startswith("@")):
        return data
    if "timezone" in data:
        msg = f"the time zone stands in both, `cron` ({last}) and `timezone`; leave one out"
        raise ValueError(msg)
    return {**data, "cron": first, "timezone": last}


class Trigger(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """A schedule by which a branch's pipeline is run, with the event `cron`."""

    cron: Annotated[str, AfterValidator(parse_cron), Field(examples=["0 3 * * *"])]
    """When: minute, hour, day of the month, month, day of the week, or `@daily` and the like. A
    time zone may follow: `0 3 * * * Europe/Berlin`."""
    timezone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    """Whose local time that is."""
    branch: BranchName | None = None
    """Whose newest commit is run; that of the delivered branch by default."""

    @model_validator(mode="before")
    @classmethod
    def _zone_apart(cls, data: Any) -> Any:
        return _apart(data)
