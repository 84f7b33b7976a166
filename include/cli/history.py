"""``fab history PROJECT``: what became of its deployments, the newest first."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_place
from slipway.exceptions import SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments.history import Deployments
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import Outcome, PastDeployment
from slipway.model.text.inert import visible
from slipway.tasks.board.listing import deployments

_MOST = 20
_LONGEST = 300


def tell(project: str, environments: Iterable[str], most: int, out: TextIO) -> None:
    """Tell of each environment.

    :param project: the project's name.
    :param environments: their names.
    :param most: how many deployments of each.
    :param out: where it is written.
    :raises RecordRefused: when one was not signed by this Slipway.
    """
    outcomes = DeploymentOutcomes(artifact_store())
    for name in environments:
        out.write(f"{project} {name}\n")
        past = outcomes.past(project, name, most)
        out.writelines(f"  {line}\n" for one in past for line in lines(one))
        if not past:
            out.write("  nothing was deployed there yet\n")


def for_programs(project: str, environments: Iterable[str], most: int) -> list[dict[str, Any]]:
    """Return the same as the board has it.

    :param project: the project's name.
    :param environments: their names.
    :param most: how many deployments of each.
    """
    book = Deployments(artifact_store())
    return [
        {"environment": name, "deployments": deployments(book.last(project, name, most=most))}
        for name in environments
    ]


def lines(one: PastDeployment) -> Iterator[str]:
    """Say in a line or two what became of one deployment."""
    at = datetime.fromtimestamp(one.started_at, UTC)
    took = f" in {_length(one.seconds)}" if one.seconds is not None else ""
    by = f", by {visible(one.by)}" if one.by else ""
    lead = f", {_length(one.lead_seconds)} after its commit" if one.lead_seconds is not None else ""
    yield f"{at:%Y-%m-%d %H:%M:%S}  {visible(one.release.version)}  {_word(one)}{took}{by}{lead}"
    yield from (f"    {visible(line, _LONGEST)}" for line in one.brings)
    if one.urgent:
        yield f"    urgent: {visible(one.urgent, _LONGEST)}"
    if one.why:
        for line in one.why.splitlines():
            yield f"    {visible(line.strip(), _LONGEST)}"


def _word(one: PastDeployment) -> str:
    if one.outcome is Outcome.STARTED:
        return "started, and has not ended"
    if one.outcome is Outcome.ROLLED_BACK:
        return f"rolled back to {visible(one.serves)}" if one.serves else "rolled back"
    return one.outcome.value


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = {"d": days, "h": hours, "min": minutes, "s": rest}
    told = [f"{number} {unit}" for unit, number in parts.items() if number]
    return " ".join(told[:2]) or "0 s"


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.history")
    parser.add_argument("project")
    parser.add_argument("--environment", default="", help="one alone")
    parser.add_argument("--most", type=int, default=_MOST, help="how many of each")
    parser.add_argument("--json", action="store_true", help="for programs, as the board has it")
    given = parser.parse_args(arguments)
    shelf = load_projects()
    try:
        named = (given.project, given.environment)
        project, _ = find_place(shelf.projects, *named, shelf.errors.values())
        names = [given.environment] if given.environment else list(project.environments)
        if given.json:
            found = for_programs(project.name, names, max(1, given.most))
            sys.stdout.write(json.dumps(found, indent=1) + "\n")
        else:
            tell(project.name, names, max(1, given.most), sys.stdout)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
