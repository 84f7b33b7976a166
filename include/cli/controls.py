"""What ``fab hold``, ``resume``, ``stop`` and ``reject`` ask of Airflow, and what holds now."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from include.project.loader import load_projects
from include.project.lookup import find_environment, find_project
from slipway.exceptions import ProjectFileError, SlipwayError
from slipway.model.controls import Action, Controls
from slipway.model.text.inert import visible
from slipway.policies.controls import told

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
            found = find_project(shelf.projects, project, shelf.errors.values())
            if environment:
                find_environment(found, environment)
    except ProjectFileError as error:
        raise SystemExit(str(error)) from None


def lines(controls: Controls) -> Iterator[str]:
    """Yield what holds for one environment, for people."""
    yield from told(controls)
    for one in controls.rejected.values():
        why = visible(one.why, 500)
        yield f"{visible(one.version)} is rejected by {visible(one.by)}: {why}"


def tell(out: TextIO, project: str = "") -> None:
    """Say of each environment what is held, stopped and rejected.

    :param out: where it is written.
    :param project: of one project alone.
    :raises RecordRefused: when something was not signed by this Slipway.
    """
    # A shell without Airflow has the rest of this module as well.
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.hooks.store.controls import ControlBook

    book = ControlBook(artifact_store())
    for name, one in load_projects().projects.items():
        for environment in one.environments if project in ("", name) else ():
            found = list(lines(book.of(name, environment)))
            out.write(f"{name} {environment}{'' if found else ': open'}\n")
            out.writelines(f"  {line}\n" for line in found)


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.controls")
    parser.add_argument("project", nargs="?", default="")
    given = parser.parse_args(arguments)
    require_known(given.project)
    try:
        tell(sys.stdout, given.project)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    # Let Airflow read connections from its own database: this is no task.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    raise SystemExit(main())
