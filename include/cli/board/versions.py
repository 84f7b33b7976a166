"""``fab versions PROJECT``: its releases, the newest first, and where each is."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_project
from slipway.exceptions import SlipwayError
from slipway.model.text.inert import visible
from slipway.tasks.board.listing import releases

_MOST, _SUBJECT = 20, 60


def tell(found: Iterable[dict[str, Any]], out: TextIO) -> None:
    """Write a line for each."""
    for one in found:
        at = datetime.fromtimestamp(one["committed_at"], UTC)
        # An older server knows no editions.
        later: dict[str, str] = one.get("editions") or {}
        places = (f"{name} ({later[name]})" if name in later else name for name in one["serves"])
        serves = f"  <- {', '.join(map(visible, places))}" if one["serves"] else ""
        who, what = visible(one["author"]), visible(one["subject"], _SUBJECT)
        out.write(f"{visible(one['version'])}  {at:%Y-%m-%d %H:%M}  {who}: {what}{serves}\n")


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.board.versions")
    parser.add_argument("project")
    parser.add_argument("--most", type=int, default=_MOST, help="how many")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    # A shell without Airflow has the rest of this module as well.
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.hooks.store.environments.snapshots import snapshots
    from slipway.hooks.store.releases import ReleaseCatalogue

    shelf = load_projects()
    try:
        project = find_project(shelf.projects, given.project, shelf.errors.values())
        records = ReleaseCatalogue(artifact_store()).recent(project.name, max(1, given.most))
        found = releases(records, snapshots().project(project.name))
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if given.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
    elif found:
        tell(found, sys.stdout)
    else:
        sys.stdout.write(f"{project.name} has no release yet\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
