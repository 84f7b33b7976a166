"""``fab dora PROJECT [ENV]``: lead time, frequency, change-failure rate, time to restore."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from datetime import time as clock
from typing import Any, TextIO

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_environment, find_project
from slipway.exceptions import ReleaseNotFound, SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.board.deployment import DeploymentRecord
from slipway.model.text.inert import visible
from slipway.policies.dora import DAY, Figures, ended
from slipway.tasks.board.dora import dora_figures, exported

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


def as_json(environment: str, found: Figures) -> dict[str, Any]:
    """Return the figures of an environment with the deployments behind them, for programs."""
    return {
        "environment": environment,
        "since": found.since,
        "until": found.until,
        "days": found.days,
        **{
            name: exported(found).get(name)
            for name in (
                "lead_time_seconds",
                "deployments_per_day",
                "change_failure_rate",
                "time_to_restore_seconds",
            )
        },
        "deployments": [
            _named(one.record)
            | {
                "failed": one.failed,
                "commits": [
                    {
                        "version": lead.change.version,
                        "sha": lead.change.commit.sha,
                        "lead_time_seconds": lead.seconds,
                    }
                    for lead in one.leads
                ],
            }
            for one in found.deliveries
        ],
        "restorations": [
            {"broke": _named(one.broke), "cured": _named(one.cured), "seconds": one.seconds}
            for one in found.restorations
        ],
        "still_broken": _named(found.still_broken) if found.still_broken else None,
    }


def lines(environment: str, found: Figures) -> Iterator[str]:
    """Say the figures of one environment."""
    yield f"{environment}, the last {found.days:.0f} days"
    changes = len(found.deliveries)
    yield f"  lead time             {_length(found.lead_seconds)}  ({len(found.leads)} commits)"
    often = f"{found.deployments_per_day:.2g} a day"
    yield f"  deployment frequency  {often}  ({found.succeeded} deployments)"
    rate = "-" if found.failure_rate is None else f"{100 * found.failure_rate:.0f} %"
    yield f"  change-failure rate   {rate}  ({found.failed} of {changes} changes)"
    yield f"  time to restore       {_length(found.restore_seconds)}  ({len(found.restorations)})"
    for one in found.deliveries:
        if one.failed:
            yield f"    failed: {_told(one.record)}"
    if found.still_broken:
        yield f"    failed, and nothing has come to serve since: {_told(found.still_broken)}"


def tell(environment: str, found: Figures, out: TextIO) -> None:
    """Write the figures of one environment."""
    out.writelines(f"{line}\n" for line in lines(environment, found))


def _named(record: DeploymentRecord) -> dict[str, Any]:
    return {
        "version": record.release.version,
        "outcome": record.outcome.value,
        "ended": ended(record),
        "dag_id": record.dag_id,
        "run_id": record.run_id,
    }


def _told(record: DeploymentRecord) -> str:
    at = datetime.fromtimestamp(ended(record), UTC)
    why = f": {visible(record.failure)}" if record.failure else ""
    return f"{visible(record.release.version)}, {at:%Y-%m-%d %H:%M}{why}"


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
        found = {
            name: dora_figures(project.name, name, days=days, now=now, store=store)
            for name in names
        }
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if given.json:
        said = [as_json(name, one) for name, one in found.items()]
        sys.stdout.write(json.dumps(said, indent=1) + "\n")
        return 0
    for name, one in found.items():
        tell(name, one, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
