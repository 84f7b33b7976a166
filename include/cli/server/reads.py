"""What is on record, as the board of Airflow's server has it: releases, deployments, figures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TextIO
from urllib.parse import quote

from include.cli import audit, controls
from include.cli.board import four_figures, versions
from include.cli.server.client import AirflowServer, Query
from include.cli.server.errors import RequestRefused, RunUnknown
from slipway.model.board.audit import Line
from slipway.model.board.deployment import DeploymentRecord
from slipway.model.facts.outcome import Outcome
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest

_BOARD = "/slipway/board"
_LONGEST = 300
_OLD = "the server's Slipway is older than this one: upgrade it, or ask with `fab -H`"


def tell_versions(
    server: AirflowServer, out: TextIO, project: str, *, most: int, as_programs: bool
) -> int:
    """List a project's releases, the newest first, and where each serves."""
    found = _asked(server, project, "versions", most=most)
    if as_programs:
        _write(out, found)
    elif found:
        versions.tell(found, out)
    else:
        out.write(f"{visible(project)} has no release yet\n")
    return 0


def tell_history(
    server: AirflowServer,
    out: TextIO,
    project: str,
    environment: str,
    *,
    most: int,
    as_programs: bool,
) -> int:
    """Say what became of a project's deployments, the newest first."""
    found = _asked(server, project, "history", environment=environment, most=most)
    if as_programs:
        _write(out, found)
        return 0
    for one in found:
        out.write(f"{visible(project)} {visible(str(one['environment']))}\n")
        past = [DeploymentRecord.from_json(each) for each in one["deployments"]]
        out.writelines(f"  {line}\n" for each in past for line in lines(each))
        if not past:
            out.write("  nothing was deployed there yet\n")
    return 0


def tell_dora(
    server: AirflowServer,
    out: TextIO,
    project: str,
    environment: str,
    *,
    since: str,
    as_programs: bool,
) -> int:
    """Say lead time, deployment frequency, change-failure rate and time to restore."""
    days = four_figures.days_since(since, time.time())
    found = _asked(server, project, "dora", environment=environment, days=days)
    four_figures.tell(found, out, as_programs=as_programs)
    return 0


def tell_held(server: AirflowServer, out: TextIO, project: str, *, as_programs: bool) -> int:
    """Say what is held, stopped and rejected."""
    names = [project] if project else _projects(server)
    found = [one for name in names for one in _asked(server, name, "held")]
    controls.tell(out, found, as_programs=as_programs)
    return 0


def tell_audit(server: AirflowServer, out: TextIO, project: str, write: audit.Write) -> int:
    """Say who did what, when and why, the first first."""
    names = [project] if project else _projects(server)
    # What was said of everything is said of each project as well.
    found = {Line.from_json(one) for name in names for one in _asked(server, name, "audit")}
    write(sorted(found), out)
    return 0


def lines(one: DeploymentRecord) -> Iterator[str]:
    """Say in a line or two what became of one deployment."""
    at = datetime.fromtimestamp(one.started_at, UTC)
    took = f" after {one.seconds:.0f} s" if one.seconds is not None else ""
    by = f", by {visible(one.asked_by)}" if one.asked_by else ""
    yes = f", approved by {visible(one.approved_by)}" if one.approved_by else ""
    version = visible(one.release.version)
    yield f"{at:%Y-%m-%d %H:%M:%S}  {version}  {_word(one)}{took}{by}{yes}"
    if one.commit.subject:
        yield f"    {visible(one.commit.subject, _LONGEST)}"
    yield from (f"    {visible(line, _LONGEST)}" for line in one.brings)
    for words in (one.why, one.failure):
        yield from (f"    {visible(line.strip(), _LONGEST)}" for line in words.splitlines())


def _word(one: DeploymentRecord) -> str:
    if one.outcome is Outcome.STARTED:
        return "started, and has not ended"
    if one.outcome is Outcome.ROLLED_BACK:
        return f"rolled back to {visible(one.serves)}" if one.serves else "rolled back"
    return one.outcome.value


def _asked(server: AirflowServer, project: str, what: str, **query: Any) -> list[Any]:
    wanted: Query = {name: value for name, value in query.items() if value}
    try:
        found = server.get(f"{_BOARD}/p/{quote(project, safe='')}/{what}.json", wanted)
    except RequestRefused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise _unknown(server, project, str(query.get("environment") or "")) from error
    if not isinstance(told := found.get(what), list):
        msg = f"{server.url} does not say what it has as {what}"
        raise RequestRefused(msg, advice=_OLD)
    return told


def _unknown(server: AirflowServer, project: str, environment: str) -> Exception:
    every = _told(server)
    known = {str(one["project"]): one for one in every}
    if project not in known:
        return _named(project, known, "project")
    names = [str(one["environment"]) for one in known[project].get("environments") or ()]
    if environment and environment not in names:
        return _named(environment, names, f"environment of {visible(project)}")
    msg = f"{server.url} does not tell this of {visible(project)}"
    return RequestRefused(msg, advice=_OLD)


def _named(name: str, known: Iterable[str], kind: str) -> RunUnknown:
    near = nearest(name, list(known))
    hint = f"; did you mean {visible(near)}?" if near else ""
    msg = f"there is no {kind} {visible(name)!r} that you may see{hint}"
    return RunUnknown(msg, advice="`fab status` lists those that there are")


def _projects(server: AirflowServer) -> list[str]:
    return [str(one["project"]) for one in _told(server)]


def _told(server: AirflowServer) -> list[Mapping[str, Any]]:
    return list(server.get(f"{_BOARD}/status.json").get("projects") or ())


def _write(out: TextIO, found: Any) -> None:
    out.write(json.dumps(found, indent=1) + "\n")
