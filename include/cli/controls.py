"""What ``fab hold``, ``resume``, ``stop`` and ``reject`` ask of Airflow, and what holds now."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_place
from slipway.exceptions import ProjectFileError, SlipwayError
from slipway.model.controls import Action
from slipway.model.text.inert import visible
from slipway.tasks.board.listing import brakes

# The DAG in which people do it (include/delivery/controls_dag).
DAG_ID = "controls"


def conf_of(action: Action, **given: str) -> dict[str, str]:
    """Return the parameters of the run that does something; empty words are left out.

    :param action: what is done.
    :param given: project, environment, version, why and may_pass.
    """
    return {"action": action.value, **{name: value for name, value in given.items() if value}}


def require_known(project: str, environment: str = "") -> None:
    """Make sure that there is such a project and environment, before a run is started.

    :raises SystemExit: when there is not, with the nearest.
    """
    shelf = load_projects()
    try:
        if project:
            find_place(shelf.projects, project, environment, shelf.errors.values())
    except ProjectFileError as error:
        raise SystemExit(str(error)) from None


def told_of(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield what holds for one environment, for people.

    :param one: as programs are told of it.
    """
    words = [visible(str(line), 1000) for line in one["words"]]
    for each in one["rejected"]:
        by, why = visible(str(each["by"])), visible(str(each["why"]), 500)
        words.append(f"{visible(str(each['version']))} is rejected by {by}: {why}")
    place = f"{visible(str(one['project']))} {visible(str(one['environment']))}"
    yield f"{place}{'' if words else ': open'}"
    yield from (f"  {line}" for line in words)


def found_in_store(project: str = "") -> Iterator[dict[str, Any]]:
    """Yield what holds for each environment, for programs.

    :param project: of one project alone.
    :raises RecordRefused: when something was not signed by this Slipway.
    """
    # A shell without Airflow has the rest of this module as well.
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.hooks.store.controls import ControlBook

    book = ControlBook(artifact_store())
    for name, one in load_projects().projects.items():
        for environment in one.environments if project in ("", name) else ():
            yield brakes(name, environment, book.of(name, environment))


def tell(out: TextIO, found: Iterable[Mapping[str, Any]], *, as_programs: bool = False) -> None:
    """Say of each environment what is held, stopped and rejected.

    :param out: where it is written.
    :param found: as programs are told of it.
    :param as_programs: JSON.
    """
    if as_programs:
        out.write(json.dumps(list(found), indent=1) + "\n")
    else:
        out.writelines(f"{line}\n" for one in found for line in told_of(one))


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.controls")
    parser.add_argument("project", nargs="?", default="")
    parser.add_argument("--json", action="store_true", help="for programs")
    given = parser.parse_args(arguments)
    require_known(given.project)
    try:
        tell(sys.stdout, found_in_store(given.project), as_programs=given.json)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
