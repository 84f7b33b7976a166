"""``fab dora PROJECT [ENV]``: lead time, frequency, change-failure rate, time to restore."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any, TextIO

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_environment, find_project
from slipway.exceptions import ReleaseNotFound, SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts.outcome import Outcome
from slipway.model.text.inert import visible
from slipway.policies.dora import DAY
from slipway.tasks.board.dora import dora_figures, told

_DEFAULT = "30d"
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
    yield f"{visible(found['environment'])}, the last {found['days']:.0f} days"
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


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.board.dora")
    parser.add_argument("project")
    parser.add_argument("environment", nargs="?", default="", help="one alone")
    parser.add_argument("--since", default=_DEFAULT, help="30d, 12w or 2026-11-01")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    shelf, now = load_projects(), time.time()
    try:
        project = find_project(shelf.projects, given.project, shelf.errors.values())
        if given.environment:
            find_environment(project, given.environment)
        names = [given.environment] if given.environment else list(project.environments)
        days, store = days_since(given.since, now), artifact_store()
        found = [
            told(name, dora_figures(project.name, name, days=days, now=now, store=store))
            for name in names
        ]
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    tell(found, sys.stdout, as_programs=given.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
