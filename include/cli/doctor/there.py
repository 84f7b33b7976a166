"""What Airflow's side has to say: a run of the DAG ``check_projects``, and what it found."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from include.cli.doctor.report import FINE, UNASKED, WRONG, Line
from include.cli.server.client import AirflowServer
from include.cli.server.errors import RequestRefused, RunUnknown
from include.cli.server.follow import follow
from include.cli.server.runs import Run, start_run
from slipway.exceptions import SlipwayError

# include/delivery/doctor/check_dag
_DAG, _TASK, _FINDINGS = "check_projects", "check", "findings"
_AREA = "server"


def server_lines(server: AirflowServer, project: str) -> Iterator[Line]:
    """Have Airflow look, and say what it found.

    :param server: is asked.
    :param project: one alone; all when empty.
    """
    try:
        version = server.get("/version").get("version", "")
        yield Line(area=_AREA, what=server.url, words=f"Airflow {version}")
        yield from _import_errors(server)
        yield from _found(server, project)
    except RunUnknown:
        yield _not_asked(
            f"it has no DAG {_DAG} that you may see",
            "bring Slipway there up to date, or ask for the right to read and start it",
        )
    except SlipwayError as error:
        yield Line(area=_AREA, what=server.url, state=WRONG, words=error.message, cure=error.advice)


def _import_errors(server: AirflowServer) -> Iterator[Line]:
    """Say which files Airflow could not read, where this person may know."""
    try:
        found = list(server.listed("/importErrors", "import_errors"))
    except RequestRefused as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return
    for one in found:
        lines = str(one.get("stack_trace", "")).strip().splitlines() or [""]
        yield Line(
            area=_AREA,
            what=f"import of {one.get('filename', '')}",
            state=WRONG,
            words=lines[-1],
            cure="Airflow's first page has the whole of it",
        )


def _found(server: AirflowServer, project: str) -> Iterator[Line]:
    run = start_run(server, _DAG, {"project": project} if project else {})
    ended = follow(server, run, lambda _: None)
    found = _findings(server, run)
    if found is None:
        reason = ended.failures[0].reason if ended.failures else "the run found nothing"
        cure = f"`fab logs {_DAG}/{run.run_id}` has its log"
        yield Line(area=_AREA, what=f"run {run.run_id}", state=WRONG, words=reason, cure=cure)
        return
    for name, every in found.items():
        for one in every if isinstance(every, list) else ():
            given = {key: str(one.get(key, "")) for key in ("area", "what", "words", "cure")}
            state = str(one.get("state", ""))
            known = state if state in (FINE, WRONG, UNASKED) else UNASKED
            yield Line(project=str(name), state=known, **given)


def _findings(server: AirflowServer, run: Run) -> dict[str, object] | None:
    path = f"{run.path}/taskInstances/{_TASK}/xcomEntries/{_FINDINGS}"
    try:
        value = server.get(path).get("value")
    except RequestRefused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None
    return value if isinstance(value, dict) else None


def _not_asked(words: str, cure: str) -> Line:
    return Line(area=_AREA, what="surroundings", state=UNASKED, words=words, cure=cure)
