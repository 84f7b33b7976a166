"""``fab status [PROJECT]``: what runs where, since when, by whom, and is it well."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from include.cli.board.waits import WaitingRun, dags_of, waiting_runs
from include.project.loader import load_projects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.exceptions import SlipwayError
from slipway.hooks.store.environments.snapshots import Snapshots, snapshots
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot
from slipway.model.text.inert import visible

_HEAD = ("PROJECT", "ENVIRONMENT", "STATE", "VERSION", "SINCE", "BY", "MACHINES", "COMMIT")
_SUBJECT, _LONGEST = 50, 300


def rows(
    projects: Iterable[ProjectSnapshot], now: float, waiting: Iterable[WaitingRun] = ()
) -> Iterator[tuple[str, ...]]:
    """Yield the table, a row for each environment, and what waits below it.

    :param projects: as they were seen last.
    :param now: seconds since 1970.
    :param waiting: runs that do not move.
    """
    held_up = list(waiting)
    yield _HEAD
    for project in projects:
        if project.problem:
            yield (
                visible(project.project),
                f"cannot be read: {visible(project.problem, _LONGEST)}",
            )
        for one in project.environments:
            yield _row(one)
            yield from (("", f"  {line}") for line in waits(one, now))
            own = dags_of(one)
            yield from (("", f"  {_told(run)}") for run in held_up if run.dag_id in own)


def waits(one: EnvironmentSnapshot, now: float) -> Iterator[str]:
    """Say what is under way in an environment, what waits for it, and what keeps it back.

    :param one: the environment, as it was seen last.
    :param now: seconds since 1970.
    """
    if going := one.under_way:
        step = f", at {visible(going.step)}" if going.step else ""
        since = f"since {_when(going.since)}{_by(going.asked_by)}"
        yield f"deploying {visible(going.version)}{step}, {since}"
    if asked := one.approval:
        since = f"since {_when(asked.since)}{_by(asked.asked_by)}"
        yield f"approval wanted for {visible(asked.version)}, {since}"
    if hold := one.hold:
        until = f" until {_when(hold.until)}" if hold.until else ""
        yield f"held{until} since {_when(hold.since)}{_by(hold.by)}{_why(hold.why)}"
    if (freeze := one.freeze) and freeze.begins <= now < freeze.until:
        yield f"frozen until {_when(freeze.until)}{_why(freeze.why)}"
    if one.ill:
        words = one.ill.reason or one.ill.why
        yield f"{visible(one.ill.version)} failed here at {_when(one.ill.at)}{_why(words)}"
    for warm in one.standbys:
        if warm.until > now:
            yield f"{visible(warm.version)} is warm until {_when(warm.until)}"
    if one.newer:
        yield f"{one.newer} newer release{'s' if one.newer > 1 else ''} waiting"


def tell(
    projects: Sequence[ProjectSnapshot],
    out: TextIO,
    now: float,
    waiting: Iterable[WaitingRun] = (),
) -> None:
    """Write the table."""
    table = list(rows(projects, now, waiting))
    whole = [row for row in table if len(row) == len(_HEAD)]
    widths = [max(len(row[place]) for row in whole) for place in range(len(_HEAD))]
    for row in table:
        if len(row) == len(_HEAD):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            out.write("  ".join(cells).rstrip() + "\n")
        else:
            out.write("  ".join(cell for cell in row if cell) + "\n")


def as_json(
    projects: Iterable[ProjectSnapshot], waiting: Iterable[WaitingRun] = ()
) -> list[dict[str, Any]]:
    """Return what the board shows, for programs."""
    held_up = list(waiting)
    return [
        one.to_json()
        | {
            "environments": [
                each.to_json() | {"state": each.state.value, "waiting": _waiting(each, held_up)}
                for each in one.environments
            ]
        }
        for one in projects
    ]


def _waiting(one: EnvironmentSnapshot, held_up: Iterable[WaitingRun]) -> list[dict[str, Any]]:
    own = dags_of(one)
    return [
        {"dag_id": run.dag_id, "run": run.name, **run.waits.to_json()}
        for run in held_up
        if run.dag_id in own
    ]


def _told(run: WaitingRun) -> str:
    since = f", since {_when(run.waits.since)}" if run.waits.since else ""
    return f"{visible(run.name)} waits {visible(run.waits.words, _LONGEST)}{since}"


def of_files(board: Snapshots, projects: Iterable[Project]) -> list[ProjectSnapshot]:
    """Return the snapshots of projects; environments that nobody has seen yet are empty.

    :param board: that has them.
    :param projects: of the project files.
    """
    seen = {one.project: one for one in board.every()}
    return [
        _of_file(seen.get(one.name) or ProjectSnapshot(project=one.name), one) for one in projects
    ]


def _of_file(seen: ProjectSnapshot, project: Project) -> ProjectSnapshot:
    if seen.problem:
        return seen
    names = project.environments
    environments = tuple(
        seen.of(name) or EnvironmentSnapshot(project=project.name, environment=name, place=place)
        for place, name in enumerate(names)
    )
    return ProjectSnapshot(project=project.name, environments=environments)


def _row(one: EnvironmentSnapshot) -> tuple[str, ...]:
    serving, machines = one.serving, one.machines
    if serving is None:
        return (visible(one.project), visible(one.environment), one.state.value, *[""] * 5)
    by = serving.asked_by
    if serving.approved_by and serving.approved_by != by:
        by = f"{by}, {serving.approved_by}"
    return (
        visible(one.project),
        visible(one.environment),
        one.state.value,
        visible(serving.version),
        _when(serving.since),
        visible(by),
        f"{machines.healthy}/{machines.wanted}",
        visible(serving.commit.subject, _SUBJECT),
    )


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" if at else ""


def _by(login: str) -> str:
    return f", by {visible(login)}" if login else ""


def _why(words: str) -> str:
    return f": {visible(words, _LONGEST)}" if words else ""


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.board.status")
    parser.add_argument("project", nargs="?", default="", help="one alone; all if not given")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    shelf = load_projects()
    try:
        chosen = list(shelf.projects.values())
        if given.project:
            chosen = [find_project(shelf.projects, given.project, shelf.errors.values())]
        found = of_files(snapshots(), chosen)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    waiting = waiting_runs(found)
    if given.json:
        sys.stdout.write(json.dumps(as_json(found, waiting), indent=1) + "\n")
    else:
        tell(found, sys.stdout, time.time(), waiting)
    return 0


if __name__ == "__main__":
    # Let Airflow read connections from its own database: this is no task.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    raise SystemExit(main())
