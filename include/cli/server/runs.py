"""Runs and their tasks, as Airflow's server tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from include.cli.server.client import PAGE, AirflowServer, Json, Query, part
from include.cli.server.errors import RequestRefused, RunUnknown
from slipway.model.board.deployment import SHELL_RUN
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest

SUCCESS, FAILED = "success", "failed"
ENDED = (SUCCESS, FAILED)
# A task that waits for somebody's answer.
ASKS = "awaiting_input"
# Rows that are looked at, where the newest is wanted.
_FEW = 20
TASK_ENDED = (SUCCESS, FAILED, "skipped", "upstream_failed", "removed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One run of a DAG.

    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param state: ``queued``, ``running``, ``success`` or ``failed``.
    :param started: when, as ISO 8601; empty before.
    :param seconds: from its start to its end, None while it has not ended.
    :param by: whoever started it; empty for the watcher.
    """

    dag_id: str
    run_id: str
    state: str
    started: str = ""
    seconds: float | None = None
    by: str = ""

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more comes of it."""
        return self.state in ENDED

    @property
    def path(self) -> str:
        """Return where the API has it."""
        return f"/dags/{part(self.dag_id)}/dagRuns/{part(self.run_id)}"

    @classmethod
    def of(cls, found: Json) -> Run:
        """Read what the server says of one."""
        return cls(
            dag_id=str(found["dag_id"]),
            run_id=str(found["dag_run_id"]),
            state=str(found["state"]),
            started=str(found.get("start_date") or ""),
            seconds=found.get("duration"),
            by=str(found.get("triggering_user_name") or ""),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One task of a run.

    :param task_id: the task's id.
    :param state: empty while nothing is decided.
    :param attempt: which try it is, from 1; 0 before the first.
    :param index: of a task that was mapped; -1 otherwise.
    :param started: when, as ISO 8601; empty before.
    :param seconds: that its last try took, None while it has not ended.
    """

    task_id: str
    state: str
    attempt: int
    index: int = -1
    started: str = ""
    seconds: float | None = None

    @property
    def name(self) -> str:
        """Return how it is told of."""
        return self.task_id if self.index < 0 else f"{self.task_id}[{self.index}]"

    @classmethod
    def of(cls, found: Json) -> Task:
        """Read what the server says of one."""
        return cls(
            task_id=str(found["task_id"]),
            state=str(found.get("state") or ""),
            attempt=int(found.get("try_number") or 0),
            index=int(found.get("map_index", -1)),
            started=str(found.get("start_date") or ""),
            seconds=found.get("duration"),
        )


def run_of(server: AirflowServer, run: Run) -> Run:
    """Return what has become of a run."""
    return Run.of(server.get(run.path))


def tasks_of(server: AirflowServer, run: Run) -> list[Task]:
    """Return a run's tasks, in the order in which they began."""
    found = server.listed(f"{run.path}/taskInstances", "task_instances")
    return sorted((Task.of(one) for one in found), key=lambda one: one.started or "~")


def find_run(server: AirflowServer, words: str, environment: str = "") -> Run:
    """Return the run that somebody means.

    :param server: is asked.
    :param words: a run's id, its page's address, ``DAG/RUN``, or a project: its newest run.
    :param environment: of the project, whose newest run is meant.
    :raises RunUnknown: when there is none.
    """
    if environment:
        newest = _newest_of(server, f"{words}.{environment}")
        if newest is None:
            _unknown(server, words, environment)
        return newest
    if (named := _named(words)) is not None:
        return _exactly(server, *named)
    found = _newest(server, words) or _by_id(server, words)
    if found is None:
        _unknown(server, words)
    return found


def start_run(server: AirflowServer, dag_id: str, conf: Json) -> Run:
    """Start a run, in this person's name.

    :param server: starts it.
    :param dag_id: of which DAG.
    :param conf: its parameters.
    :raises RunUnknown: when there is no such DAG.
    :raises RequestRefused: when the server does not start it, or the DAG is paused.
    """
    dag = require_dag(server, dag_id)
    if dag.get("is_paused"):
        msg = f"the DAG {dag_id} is paused, so a run would not begin"
        raise RequestRefused(msg, advice=f"resume it first: {server.page('dags', dag_id)}")
    # So that the history says from where it was started.
    run_id = f"{SHELL_RUN}{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
    return Run.of(server.send("POST", f"/dags/{part(dag_id)}/dagRuns", body))


def under_way(server: AirflowServer, dag_id: str) -> list[Run]:
    """Return the runs of a DAG that have begun and not ended."""
    query: Query = {"state": ["running"], "limit": PAGE}
    return [Run.of(one) for one in server.get(f"/dags/{part(dag_id)}/dagRuns", query)["dag_runs"]]


def rows_of(server: AirflowServer, dag_id: str, query: Query) -> list[Json]:
    """Return what there is of some runs, the newest first; none where there is no such DAG.

    :param server: is asked.
    :param dag_id: of which DAG; ``~`` for every one.
    :param query: which of them; twenty, if it does not say how many.
    """
    path = f"/dags/{dag_id if dag_id == '~' else part(dag_id)}/dagRuns"
    try:
        found = server.get(path, {"order_by": "-run_after", "limit": _FEW, **query})
    except RequestRefused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return []
    return list(found["dag_runs"])


def require_dag(server: AirflowServer, dag_id: str) -> Json:
    """Return what there is of a DAG.

    :param server: is asked.
    :param dag_id: its id.
    :raises RunUnknown: when there is none, with the nearest.
    """
    try:
        return server.get(f"/dags/{part(dag_id)}")
    except RequestRefused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            project, _, environment = dag_id.partition(".")
            _unknown(server, project, environment)
        raise


def _named(words: str) -> tuple[str, str] | None:
    """Take a DAG and a run from an address, or from ``DAG/RUN``."""
    if "://" in words:
        parts = urlsplit(words).path.split("/")
        if "dags" in parts and "runs" in parts:
            dag, run = parts[parts.index("dags") + 1 :], parts[parts.index("runs") + 1 :]
            if dag and run:
                return unquote(dag[0]), unquote(run[0])
        return None
    dag_id, slash, run_id = words.partition("/")
    return (dag_id, run_id) if slash and dag_id and run_id else None


def _exactly(server: AirflowServer, dag_id: str, run_id: str) -> Run:
    try:
        return Run.of(server.get(Run(dag_id=dag_id, run_id=run_id, state="").path))
    except RequestRefused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
    msg = f"{visible(dag_id)} has no run {visible(run_id)}"
    raise RunUnknown(msg, advice=f"`fab logs {visible(dag_id)}` has the newest")


def _newest_of(server: AirflowServer, dag_id: str) -> Run | None:
    rows = rows_of(server, dag_id, {})
    return Run.of(rows[0]) if rows else None


def _newest(server: AirflowServer, name: str) -> Run | None:
    """Return the newest run of a project and its environments, or of the DAG of that name."""
    below = rows_of(server, "~", {"dag_id_prefix_pattern": f"{name}."})
    # In a pattern some characters stand for others.
    below = [row for row in below if str(row["dag_id"]).startswith(f"{name}.")]
    rows = [*rows_of(server, name, {}), *below]
    return Run.of(max(rows, key=lambda row: str(row["run_after"]))) if rows else None


def _by_id(server: AirflowServer, run_id: str) -> Run | None:
    rows = rows_of(server, "~", {"run_id_prefix_pattern": run_id})
    return next((Run.of(row) for row in rows if row["dag_run_id"] == run_id), None)


def _unknown(server: AirflowServer, name: str, environment: str = "") -> NoReturn:
    """Say what somebody may have meant.

    :raises RunUnknown: always.
    """
    dag_id = f"{name}.{environment}" if environment else name
    known = [str(one["dag_id"]) for one in server.get("/dags", {"limit": PAGE})["dags"]]
    if dag_id in known:
        msg, advice = f"{dag_id} has not run yet", f"`fab deploy` or `fab build` starts {dag_id}"
        raise RunUnknown(msg, advice=advice)
    swapped = f"{environment}.{name}"
    near = swapped if swapped in known else nearest(dag_id, known)
    hint = f"; did you mean {' '.join(near.split('.', 1))}?" if near else ""
    msg = f"there is no run, project or environment {visible(dag_id)!r} that you may see{hint}"
    raise RunUnknown(msg, advice="`fab runs PROJECT` lists runs, `fab status` projects")
