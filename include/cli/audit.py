"""``fab audit``: who asked, approved, held, stopped, rejected, or passed a freeze; when and why."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import TextIO, TypeAlias

from include.cli.beside_airflow import beside_airflow
from include.cli.controls import require_known
from include.project.loader import load_projects
from slipway.exceptions import SlipwayError
from slipway.model.board.audit import Line
from slipway.model.text.inert import visible

# Characters with which a spreadsheet takes a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


Write: TypeAlias = Callable[[Iterable[Line], TextIO], None]


def write_csv(found: Iterable[Line], out: TextIO) -> None:
    """Write lines as CSV; what a spreadsheet would take for a formula is text."""
    table = csv.DictWriter(out, [one.name for one in fields(Line)], lineterminator="\n")
    table.writeheader()
    for line in found:
        table.writerow({name: _text(value) for name, value in asdict(line).items()})


def write_json(found: Iterable[Line], out: TextIO) -> None:
    """Write lines as a JSON array."""
    json.dump([asdict(line) for line in found], out, indent=1)
    out.write("\n")


def write_words(found: Iterable[Line], out: TextIO) -> None:
    """Write lines for people."""
    for one in found:
        where = " ".join(part for part in (one.project, one.environment) if part) or "everything"
        parts = [one.at, one.what, where, one.version, f"by {one.who}" if one.who else "", one.why]
        out.write("  ".join(visible(part, 500) for part in parts if part) + "\n")


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.audit")
    parser.add_argument("project", nargs="?", default="")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", dest="write", action="store_const", const=write_csv)
    form.add_argument("--json", dest="write", action="store_const", const=write_json)
    given = parser.parse_args(arguments)
    # A shell without Airflow has the rest of this module as well.
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.tasks.board.audit import audit

    require_known(given.project)
    projects = load_projects().projects.items()
    places = [(name, e) for name, one in projects for e in one.environments]
    try:
        own = [one for one in places if given.project in ("", one[0])]
        found = audit(artifact_store(), own, given.project)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    (given.write or write_words)(found, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
