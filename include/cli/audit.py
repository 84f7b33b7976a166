"""``fab audit``: who asked, approved, held, stopped, rejected, or passed a freeze; when and why."""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TextIO

from include.cli.controls import require_known
from include.project.loader import load_projects
from slipway.exceptions import SlipwayError
from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import Outcome
from slipway.model.text.inert import visible

# More deployments of one environment than anybody has.
_ALL = 1_000_000
# Characters with which a spreadsheet takes a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Line:
    """One thing that somebody did.

    :param at: UTC, as ``2026-11-27T08:00:00Z``.
    :param who: the login, or the way it came about.
    :param project: that it was done to; empty for every project.
    :param environment: that it was done to; empty for the whole project.
    :param version: of the release that it is about; empty for none.
    :param why: in that person's words.
    :param what: asked, approved, refused, deployed, hold, resume, stop, reject, accept, cancel,
        urgent, passed_freeze or passed_stop.
    :param run: DAG and run.
    """

    at: str
    what: str
    who: str
    project: str
    environment: str
    version: str
    why: str
    run: str


def audit(store: ArtifactStore, places: Iterable[tuple[str, str]], project: str) -> list[Line]:
    """Return everything that is on record, the oldest first.

    :param store: where it is kept.
    :param places: the environments, each with its project.
    :param project: of one project alone; empty for all.
    :raises RecordRefused: when something was not signed by this Slipway.
    """
    found = list(_controls(store, project))
    for name, environment in places:
        found += _approvals(store, name, environment)
        found += _deployments(store, name, environment)
    return sorted(found)


def _controls(store: ArtifactStore, project: str) -> Iterator[Line]:
    book = ControlBook(store)
    for scope in book.scopes():
        # What is said of everything is said of each project as well.
        if project and scope.project not in ("", project):
            continue
        for one in book.events(scope):
            passing = f" (may pass: {', '.join(one.may_pass)})" if one.may_pass else ""
            yield Line(
                at=_time(one.at),
                what=one.action.value,
                who=one.by,
                project=one.project,
                environment=one.environment,
                version=one.version,
                why=f"{one.why}{passing}",
                run=f"{one.dag_id} {one.run_id}",
            )


def _approvals(store: ArtifactStore, project: str, environment: str) -> Iterator[Line]:
    book = ApprovalBook(store, project=project, environment=environment)
    for asked, answers in book.every():
        common = {
            "project": project,
            "environment": environment,
            "version": asked.release.version,
            "run": f"{asked.dag_id} {asked.run_id}",
        }
        yield Line(at=_time(asked.made_at), what="asked", who=asked.started_by, why="", **common)
        for one in answers:
            word = "approved" if one.approved else "refused"
            if one.digest != asked.digest:
                word = f"{word} an earlier plan"
            yield Line(at=_time(one.at), what=word, who=one.by, why=one.reason, **common)


def _deployments(store: ArtifactStore, project: str, environment: str) -> Iterator[Line]:
    for past in DeploymentOutcomes(store).past(project, environment, _ALL):
        for one in past.notes:
            yield Line(
                at=_time(one.at),
                what="deployed" if one.outcome is Outcome.STARTED else one.outcome.value,
                who=one.by,
                project=project,
                environment=environment,
                version=one.release.version,
                why=one.why,
                run=f"{one.dag_id} {one.run_id}".strip(),
            )


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


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


def main(arguments: list[str] | None = None) -> int:
    """Tell; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.audit")
    parser.add_argument("project", nargs="?", default="")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", dest="write", action="store_const", const=write_csv)
    form.add_argument("--json", dest="write", action="store_const", const=write_json)
    given = parser.parse_args(arguments)
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
    # Let Airflow read connections from its own database: this is no task.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    raise SystemExit(main())
