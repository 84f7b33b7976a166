"""``fab status [PROJECT]``: what runs where, since when, by whom, and is it well."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable

from include.cli.beside_airflow import beside_airflow
from include.cli.board.table import as_json, rows, tell, waits
from include.cli.board.waits import waiting_runs
from include.project.loader import load_projects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.exceptions import SlipwayError
from slipway.hooks.store.environments.snapshots import Snapshots, snapshots
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot

__all__ = ["as_json", "rows", "tell", "waits"]


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
    raise SystemExit(beside_airflow(main))
