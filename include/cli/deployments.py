"""Runs started from a shell: with names that are there, and with word of what became of them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from include.project.loader import load_projects
from include.project.lookup import find_place
from include.project.model import Project
from slipway.exceptions import ProjectFileError
from slipway.model.board.deployment import SHELL_RUN

# Stands between the answers of the three questions, which are asked in one session.
_MARK = "--slipway--"


def choose_dag(project: str, environment: str = "") -> str:
    """Return the DAG that delivers a project, or deploys to one of its environments.

    :param project: the project's name.
    :param environment: one of the project's; empty for the DAG of its commits.
    :raises SystemExit: when there is no such project or environment, with the nearest.
    """
    shelf = load_projects()
    try:
        find_place(shelf.projects, project, environment, shelf.errors.values())
    except ProjectFileError as error:
        raise SystemExit(str(error)) from None
    return f"{project}.{environment}" if environment else project


def trigger_command(dag_id: str, conf: Mapping[str, Any]) -> str:
    """Return the command, for a shell, that starts a run and asks what it has to wait for.

    :param dag_id: the DAG's id.
    :param conf: the run's parameters.
    """
    # So that the history says from where it was started.
    run_id = f"{SHELL_RUN}{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    trigger = ["airflow", "dags", "trigger", dag_id]
    questions = (
        ["airflow", "dags", "list-runs", dag_id, "--state", "running", "-o", "json"],
        [*trigger, "--conf", json.dumps(conf), "-o", "json", "--run-id", run_id],
        ["airflow", "config", "get-value", "api", "base_url"],
    )
    return f" && echo {_MARK} && ".join(shlex.join(words) for words in questions)


def tell(answer: str, dag_id: str, say: Callable[[str], None]) -> None:
    """Say which run was started, where it can be seen, and what it waits for.

    :param answer: what :func:`trigger_command` printed.
    :param dag_id: whose run it is.
    :param say: receives every line.
    """
    running, started, base = (*answer.split(_MARK), "", "")[:3]
    rows = _rows(started)
    if not rows:
        say(answer.strip())
        return
    run_id = str(rows[0].get("dag_run_id") or rows[0].get("run_id"))
    say(f"{dag_id}: started {run_id}")
    if base.strip():
        page = base.strip().splitlines()[-1].rstrip("/")
        say(f"  {page}/dags/{quote(dag_id)}/runs/{quote(run_id)}")
    before = [str(row["run_id"]) for row in _rows(running)]
    if before:
        say(f"  it waits for {', '.join(before)}, which is running")


def waits_for_a_person(project: str, environment: str) -> str:
    """Say who has to approve a deployment, for the shell; empty where nobody has to."""
    found: Project | None = load_projects().projects.get(project)
    if found is None or not found.environments[environment].approval:
        return ""
    return f"  then somebody has to approve its plan, on that page, before {environment} changes\n"


def _rows(text: str) -> list[dict[str, Any]]:
    """Read the JSON in an answer; Airflow may have warned of something before."""
    start = text.find("[")
    while start >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(text[start:])
        except ValueError:
            found = None
        if isinstance(found, list) and all(isinstance(row, dict) for row in found):
            return found
        start = text.find("[", start + 1)
    return []
