"""The few calls of Airflow's REST API that a person's clicks stand for."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from include.demo import login, paths, processes

FINAL = ("success", "failed")
# Seconds for an answer; how often a server that gives none is asked, and seconds in between.
_ANSWER, _TRIES, _PAUSE = 30, 4, 2.0


class DemoFailed(Exception):
    """The demo cannot go on; the message says what to look at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskState:
    """One task of a run; seconds is None while it has not ended."""

    task: str
    state: str | None
    seconds: float | None
    started: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOrigin:
    """How a run came about.

    :param how: ``by hook``, ``by poll`` or ``by hand``.
    :param queued_at: when, seconds since 1970.
    """

    how: str
    queued_at: float


class AirflowApi:
    """A client that logs in as the demo's user.

    :param url: where the API server answers.
    """

    def __init__(self, url: str = paths.UI) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, timeout=_ANSWER, trust_env=False)

    def wait_until_ready(self, timeout: float) -> None:
        """Wait for the API server and the scheduler, then log in.

        :param timeout: seconds.
        :raises DemoFailed: when they do not come up.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not processes.alive("api-server"):
                break
            if self._healthy():
                self._log_in()
                return
            time.sleep(0.3)
        msg = f"Airflow did not start:\n{processes.last_lines('api-server')}"
        raise DemoFailed(msg)

    def wait_for_dag(self, dag_id: str, timeout: float) -> None:
        """Wait until the DAG processor has a DAG.

        :raises DemoFailed: with Airflow's import errors, when it never comes.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._look(f"/api/v2/dags/{dag_id}").status_code == httpx.codes.OK:
                return
            time.sleep(0.3)
        errors = self._get("/api/v2/importErrors")["import_errors"]
        told = "\n".join(error["stack_trace"] for error in errors)
        msg = f"the DAG {dag_id} did not load:\n{told or processes.last_lines('dag-processor')}"
        raise DemoFailed(msg)

    def wait_for_pools(self, names: Collection[str], timeout: float) -> None:
        """Wait until Airflow has the pools that the demo makes beside the rest.

        :param names: of the pools.
        :param timeout: seconds.
        :raises DemoFailed: with what the process that makes them said: their tasks would wait for
            ever.
        """
        deadline, missing = time.monotonic() + timeout, set(names)
        while missing and time.monotonic() < deadline:
            at_work = processes.alive("pools")
            missing -= {one["name"] for one in self._get("/api/v2/pools?limit=100")["pools"]}
            if not at_work:
                break
            time.sleep(0.3)
        if missing:
            lost = " and ".join(sorted(missing))
            msg = f"Airflow has no pool {lost}:\n{processes.last_lines('pools')}"
            raise DemoFailed(msg)

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run, as the button in the UI does, and return its id."""
        answer = self._client.post(
            f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf}
        )
        return str(answer.raise_for_status().json()["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return a run's state, None while there is no such run."""
        answer = self._look(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return str(answer.raise_for_status().json()["state"])

    def end_of(self, dag_id: str, run_id: str, *, timeout: float) -> str | None:
        """Wait for a run's end.

        :param dag_id: the DAG's id.
        :param run_id: the run's id.
        :param timeout: seconds.
        :returns: its state, which is none of an end where the time was over; None without a run.
        """
        deadline = time.monotonic() + timeout
        while (state := self.run_state(dag_id, run_id)) not in FINAL:
            if time.monotonic() > deadline:
                break
            time.sleep(0.5)
        return state

    def run_origin(self, dag_id: str, run_id: str) -> RunOrigin:
        """Return how a run came about."""
        run = self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        how = "by hand"
        if run["triggered_by"] == "operator":
            how = "by poll"
        elif run["run_type"] == "operator_triggered":
            # The watcher's kind of run, made by Airflow's server (slipway.hooks.airflow_runs).
            how = "by hook"
        return RunOrigin(how=how, queued_at=datetime.fromisoformat(run["queued_at"]).timestamp())

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return a run's tasks in the order in which they started."""
        found = [
            TaskState(
                task=one["task_id"],
                state=one["state"],
                seconds=one["duration"],
                started=one["start_date"],
            )
            for one in self._task_instances(dag_id, run_id)
        ]
        return sorted(found, key=lambda one: one.started or "~")

    def waits(self, dag_id: str, run_id: str) -> dict[str, float]:
        """Return for each task of a run how many seconds it waited for a slot."""
        found = self._task_instances(dag_id, run_id)
        waited = {one["task_id"]: _waited(one) for one in found if one["start_date"]}
        # What comes back from the triggerer is asked for anew, after it began.
        return {name: seconds for name, seconds in waited.items() if seconds >= 0}

    def log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return the log of a task's first try as plain text."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/1"
        answer = self._look(path, headers={"Accept": "application/json"})
        lines = answer.json().get("content", []) if answer.is_success else []
        return "\n".join(_said(line) for line in lines if isinstance(line, dict))

    def pid(self, dag_id: str, run_id: str, task_id: str) -> int | None:
        """Return the process of a task that runs now, None where it does not run."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        answer = self._look(path)
        task = answer.json() if answer.is_success else {}
        return task["pid"] if task.get("state") == "running" else None

    def set_variable(self, name: str, value: str) -> None:
        """Make a Variable, or replace it; Airflow keeps its value encrypted."""
        self._set("/api/v2/variables", "key", name, {"value": value})

    def set_connection(self, name: str, fields: dict[str, Any]) -> None:
        """Make a connection, or replace it; Airflow keeps its password encrypted.

        :param name: the connection's id.
        :param fields: ``conn_type`` and what else the API knows of.
        """
        self._set("/api/v2/connections", "connection_id", name, fields)

    def _set(self, path: str, key: str, name: str, fields: dict[str, Any]) -> None:
        self._client.delete(f"{path}/{name}")
        self._client.post(path, json={key: name, **fields}).raise_for_status()

    def approve(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Answer an approval with yes, as a person does under *Required Actions*."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        yes = {"chosen_options": ["Approve"], "params_input": {"reason": "the demo's release"}}
        answer = self._client.patch(path, json=yes)
        answer.raise_for_status()

    def _log_in(self) -> None:
        answer = self._client.post("/auth/token", json=login.read())
        token = answer.raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def _task_instances(self, dag_id: str, run_id: str) -> Any:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return self._get(path)["task_instances"]

    def _healthy(self) -> bool:
        try:
            answer = self._client.get("/api/v2/monitor/health").json()
        except (httpx.HTTPError, ValueError):
            return False
        return bool(answer["scheduler"]["status"] == "healthy")

    def _look(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Ask for something; a server that is too busy to answer is asked again.

        :raises DemoFailed: when it never answers.
        """
        tries = 0
        while True:
            tries += 1
            try:
                return self._client.get(path, headers=headers)
            except httpx.TransportError as error:
                if tries == _TRIES:
                    msg = (
                        f"Airflow's server does not answer ({type(error).__name__}). Its log ends "
                        f"with:\n{processes.last_lines('api-server')}"
                    )
                    raise DemoFailed(msg) from error
            time.sleep(_PAUSE)

    def _get(self, path: str) -> Any:
        return self._look(path).raise_for_status().json()


def _waited(task: dict[str, Any]) -> float:
    began = datetime.fromisoformat(task["start_date"])
    asked = task["scheduled_when"] or task["queued_when"] or task["start_date"]
    return (began - datetime.fromisoformat(asked)).total_seconds()


def _said(line: dict[str, Any]) -> str:
    """Return a log line's text, with the message of the exception where it tells of one."""
    causes = [f"{one['exc_type']}: {one['exc_value']}" for one in line.get("error_detail") or ()]
    return "\n".join([str(line.get("event", "")), *causes[:1]])
