"""``fab rebuild [PROJECT]``: make what ``fab status`` and ``fab history`` show again, from nothing.

What is kept along is put together from the deployments on record, the releases and the fleet's
tags; so is this. A store that was lost and brought back, or a Slipway that kept none of it yet,
needs it once; nothing is lost where it is not needed.
"""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from include.cli.beside_airflow import beside_airflow
from include.delivery.targets import fleet_targets, listed
from include.project.loader import load_projects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.exceptions import SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments.snapshots import snapshots
from slipway.operators.swap import open_cloud
from slipway.tasks.board.by_hand import show_by_hand
from slipway.tasks.board.housekeeping import rebuild


def rebuild_project(project: Project, out: TextIO) -> int:
    """Make a project's again.

    :returns: in how many environments it could not be done.
    """
    store, failed = artifact_store(), 0
    for name, target in fleet_targets(project).items():
        try:
            cloud = open_cloud(target)
            fleet = cloud.observe()
            # Who is asked is for housekeeping to find out: runs are Airflow's.
            count = rebuild(store, project.name, name, fleet, listed(project, name), lambda _: True)
            show_by_hand(store, project.name, name, cloud, fleet)
            out.write(f"{project.name} {name}: {count} deployments\n")
        except SlipwayError as error:
            out.write(f"{project.name} {name}: {error}\n")
            failed += 1
    snapshots().keep_only(project.name, project.environments)
    return failed


def main(arguments: list[str] | None = None) -> int:
    """Rebuild; returns 1 where an environment could not be looked at, 2 for what is not there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.board.rebuild")
    parser.add_argument("project", nargs="?", default="", help="one alone; all if not given")
    given = parser.parse_args(arguments)
    shelf = load_projects()
    try:
        chosen = list(shelf.projects.values())
        if given.project:
            chosen = [find_project(shelf.projects, given.project, shelf.errors.values())]
        failed = sum(rebuild_project(one, sys.stdout) for one in chosen)
        snapshots().roll_up()
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
