"""Polls of real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from slipway.model.git.watching import WatchedProject, Watching
from slipway.operators.watching.remember_commits import RememberCommitsOperator
from slipway.sensors.commits import CommitsSensor
from tests.fakes.git_server import Repository

# What is to be remembered of each run that a poll asked for.
_SEEN: dict[tuple[str, str], Any] = {}


class Task:
    """A task's instance, as far as the watcher's tasks use it.

    :param seen: what the sensor left, of each run.
    :param states: of the tasks that make the runs; all of them did, by default.
    :param missing: ids of DAGs that Airflow does not have, and the status of its answer.
    """

    dag_id, run_id = "commits", "now"

    def __init__(
        self,
        seen: Any = (),
        states: dict[str, str] | None = None,
        missing: dict[str, int] | None = None,
    ) -> None:
        self.seen = seen
        self.states = states
        self.missing = missing or {}

    def get_dag(self, dag_id: str) -> None:
        """Answer as the supervisor of a task does."""
        if (status := self.missing.get(dag_id)) is not None:
            detail = {"status_code": status, "message": "Server returned error"}
            raise AirflowRuntimeError(
                ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail)
            )

    def xcom_push(self, key: str, value: Any) -> None:
        assert key == "seen"
        self.seen = value

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        assert (task_ids, key) == ("new_commits", "seen")
        return self.seen

    def get_task_states(
        self, *, dag_id: str, task_ids: list[str], run_ids: list[str]
    ) -> dict[str, dict[str, str]]:
        assert (dag_id, task_ids, run_ids) == ("commits", ["new_commits", "start_runs"], ["now"])
        made = {f"start_runs_{number}": "success" for number in range(len(self.seen))}
        return {"now": self.states or {"new_commits": "success", **made}}


def poke(*watched: WatchedProject) -> list[dict[str, Any]]:
    """Poll the projects once, and return the runs that are to be started."""
    return poke_with(CommitsSensor(task_id="new_commits", watched=lambda: watched))


def poke_with(sensor: CommitsSensor, missing: dict[str, int] | None = None) -> list[dict[str, Any]]:
    """Poll with a sensor that has perhaps polled before."""
    task: Any = Task(missing=missing)
    answer = sensor.poke({"ti": task})
    assert answer.is_done == bool(answer.xcom_value)
    runs: list[dict[str, Any]] = list(answer.xcom_value or ())
    for run, seen in zip(runs, task.seen, strict=True):
        _SEEN[_key(run)] = json.loads(json.dumps(seen))
    return runs


def remember(runs: list[dict[str, Any]], states: dict[str, str] | None = None) -> None:
    """Do what follows when the runs were started."""
    if runs:
        _remember(runs, Task([_SEEN[_key(run)] for run in runs], states))


def hand_on(project: str, *shas: str) -> dict[str, str]:
    """Do what follows when the runs of a project's commits were started."""
    runs = [
        {"trigger_dag_id": project, "trigger_run_id": f"commit__{sha}", "conf": {"ref": sha}}
        for sha in shas
    ]
    seen = [[{"project": project, "ref": "refs/heads/main", "value": sha}] for sha in shas]
    return _remember(runs, Task(seen))


def _remember(runs: list[dict[str, Any]], task: Any) -> dict[str, str]:
    operator = RememberCommitsOperator(
        task_id="remember", runs=runs, found_by="new_commits", made_by="start_runs"
    )
    return operator.execute({"ti": task})


def _key(run: dict[str, Any]) -> tuple[str, str]:
    return run["trigger_dag_id"], run["trigger_run_id"]


def watch(repository: Repository, dag_id: str = "shop", **watching: Any) -> WatchedProject:
    """Watch a repository's main branch, and what else is named."""
    return WatchedProject(
        dag_id=dag_id, url=repository.url, branch="main", watching=Watching(**watching)
    )


def two(daemon: tuple[Path, str], name: str) -> tuple[Repository, Repository]:
    """Make two repositories with a commit."""
    base, url = daemon
    evil, good = (Repository(base / f"{name}-{n}", f"{url}/{name}-{n}") for n in ("evil", "good"))
    evil.commit(readme="one")
    good.commit(readme="one")
    return evil, good
