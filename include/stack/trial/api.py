"""Airflow's API, as the stack's administrator asks it while parts of Airflow are away."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import httpx

from include.cli.controls import DAG_ID, conf_of
from include.demo.airflow_api import AirflowApi, DemoFailed
from include.demo.progress import follow
from include.stack import paths, secret_files
from slipway.model.controls import Action

# Seconds that a question is asked again for, where the API server or its database is away.
_PATIENCE = 120.0
_GRID = re.compile(r'<table class="grid">.*?</table>', re.DOTALL)
_TIMES = re.compile(r"<time .*?</time>", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of a DAG.

    :param dag_id: the DAG's.
    :param run_id: its own.
    :param sha: of the commit that serves when it has ended well.
    """

    dag_id: str
    run_id: str
    sha: str


class _PatientTransport(httpx.HTTPTransport):
    """Asks again while the server is away; what changes something is asked once."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and a question as often as it takes."""
        deadline = time.monotonic() + _PATIENCE
        while request.method == "GET" and time.monotonic() < deadline:
            try:
                answer = super().handle_request(request)
            except httpx.TransportError:
                time.sleep(1)
                continue
            if not answer.is_server_error:
                return answer
            answer.close()
            time.sleep(1)
        return super().handle_request(request)


class StackApi(AirflowApi):
    """Airflow's API, for the stack's administrator."""

    def __init__(self) -> None:
        super().__init__(paths.UI)
        self._client = httpx.Client(base_url=paths.UI, timeout=30, transport=_PatientTransport())
        self._log_in()

    def _log_in(self) -> None:
        login = {
            "username": secret_files.USER,
            "password": secret_files.admin_password(paths.SECRETS),
        }
        answer = self._client.post("/auth/token", json=login)
        token = answer.raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def wait_for_dag(self, dag_id: str, timeout: float) -> None:
        """Wait until the DAG processor has a DAG, and let it run.

        :raises DemoFailed: with Airflow's import errors, when it never comes.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._client.get(f"/api/v2/dags/{dag_id}").is_success:
                return
            time.sleep(1)
        errors = self._get("/api/v2/importErrors")["import_errors"]
        told = "\n".join(error["stack_trace"] for error in errors)
        msg = f"the DAG {dag_id} did not load:\n{told}"
        raise DemoFailed(msg)

    def hosts(self, run: Run) -> dict[str, str]:
        """Return where each of a run's tasks ran, by the worker's name."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        found = self._get(path)["task_instances"]
        return {one["task_id"]: one["hostname"] for one in found if one["hostname"]}

    def states(self, run: Run) -> dict[str, str | None]:
        """Return the state of each of a run's tasks; nothing while there is no such run."""
        if self.run_state(run.dag_id, run.run_id) is None:
            return {}
        return {one.task: one.state for one in self.tasks(run.dag_id, run.run_id)}

    def ended_runs(self) -> dict[str, str]:
        """Return the state of each run that has ended, but for the watching of commits."""
        path = "/api/v2/dags/~/dagRuns?limit=500&state=success&state=failed"
        found = self._get(path)["dag_runs"]
        return {
            f"{one['dag_id']} {one['dag_run_id']}": one["state"]
            for one in found
            if one["dag_id"] != "commits"
        }

    def description(self) -> dict[str, Any]:
        """Return what the API says that it knows, in OpenAPI's form."""
        return dict(self._get("/openapi.json"))

    def resume(self, project: str, environment: str, *, limit: float) -> None:
        """End what holds an environment, if anything does.

        :param project: the environment's.
        :param environment: its name.
        :param limit: seconds that it may take.
        :raises DemoFailed: when it takes longer, or is refused.
        """
        names = {"project": project, "environment": environment}
        conf = conf_of(Action.RESUME, **names, why="the trial goes on")
        follow(self, DAG_ID, self.trigger(DAG_ID, conf), timeout=limit)

    def board(self) -> list[str]:
        """Return what the board shows of releases and deployments, without the time that passes."""
        page = self._client.get("/slipway/board/").raise_for_status().text
        [grid] = _GRID.findall(page)
        return [word for text in _TAGS.split(_TIMES.sub("", grid)) if (word := text.strip())]

    def tries(self, run: Run) -> int:
        """Return how many tasks of a run were tried more than once."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return sum(one["try_number"] > 1 for one in self._get(path)["task_instances"])
