"""``fab dora PROJECT [ENV]``: lead time, frequency, change-failure rate, time to restore."""

from __future__ import annotations

import argparse
import sys
import time

from include.cli.beside_airflow import beside_airflow
from include.cli.board.four_figures import days_since, tell
from include.project.loader import load_projects
from include.project.lookup import find_place
from slipway.exceptions import SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.tasks.board.dora import dora_figures, told

_DEFAULT = "30d"


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
        named = (given.project, given.environment)
        project, _ = find_place(shelf.projects, *named, shelf.errors.values())
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
