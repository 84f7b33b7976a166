"""The four figures of delivery, as people read them, and the time that they are of.

Nothing here needs Airflow: a shell that asks a server says them as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any, TextIO

from slipway.exceptions import ReleaseNotFound
from slipway.model.facts.outcome import Outcome
from slipway.model.text.inert import visible
from slipway.policies.dora import DAY

_LENGTH = re.compile(r"(?P<number>[0-9]{1,4})(?P<unit>[dw])")
_UNITS = {"d": 1, "w": 7}


class _Unreadable(ReleaseNotFound):
    """A length of time, or a day, that is none."""


def days_since(words: str, now: float) -> float:
    """Return how many days lie between a beginning, as people write it, and now.

    :param words: ``30d``, ``12w``, or a day, ``2026-11-01``, which begins at midnight, UTC.
    :param now: seconds since 1970.
    :raises ReleaseNotFound: when it is none of these, or lies ahead.
    """
    if found := _LENGTH.fullmatch(words.strip()):
        days = float(int(found["number"]) * _UNITS[found["unit"]])
    else:
        try:
            begun = datetime.combine(date.fromisoformat(words.strip()), clock(), UTC)
        except ValueError as error:
            msg = f"{visible(words)} is neither a length of time nor a day"
            raise _Unreadable(msg, advice="write 30d, 12w or 2026-11-01") from error
        days = (now - begun.timestamp()) / DAY
    if days <= 0:
        msg = f"nothing has happened yet since {visible(words)}"
        raise _Unreadable(msg, advice="write 30d, 12w, or a day that is over")
    return days


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Say the figures of one environment.

    :param found: as :func:`slipway.tasks.board.dora.told` has them.
    """
    changes, cured = found["deployments"], found["restorations"]
    succeeded = sum(one["outcome"] == Outcome.SUCCEEDED.value for one in changes)
    failed = [one for one in changes if one["failed"]]
    commits = sum(len(one["commits"]) for one in changes)
    days = round(found["days"])
    length = "the last day" if days == 1 else f"the last {days} days"
    yield f"{visible(found['environment'])}, {length}"
    yield f"  lead time             {_length(found['lead_time_seconds'])}  ({commits} commits)"
    often = f"{found['deployments_per_day']:.2g} a day"
    yield f"  deployment frequency  {often}  ({succeeded} deployments)"
    rate = found["change_failure_rate"]
    share = "-" if rate is None else f"{100 * rate:.0f} %"
    yield f"  change-failure rate   {share}  ({len(failed)} of {len(changes)} changes)"
    yield f"  time to restore       {_length(found['time_to_restore_seconds'])}  ({len(cured)})"
    for one in failed:
        yield f"    failed: {_named(one)}"
    if broken := found["still_broken"]:
        yield f"    failed, and nothing has come to serve since: {_named(broken)}"


def tell(found: Sequence[Mapping[str, Any]], out: TextIO, *, as_programs: bool) -> None:
    """Write the figures of some environments."""
    if as_programs:
        out.write(json.dumps(found, indent=1) + "\n")
    else:
        out.writelines(f"{line}\n" for one in found for line in lines(one))


def _named(one: Mapping[str, Any]) -> str:
    at = datetime.fromtimestamp(one["ended"], UTC)
    why = f": {visible(one['failure'])}" if one["failure"] else ""
    return f"{visible(one['version'])}, {at:%Y-%m-%d %H:%M}{why}"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
