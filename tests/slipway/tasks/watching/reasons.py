"""Why a run of a pull request ended."""

from __future__ import annotations

from slipway.tasks.making_way.closing import closed_since, let_end_with_pull_request
from tests.fakes.airflow_run import FakeTask


class Task:
    """A task that ends with its pull request."""


def reason(run_id: str) -> str:
    """Say why a task of a run ends, as it begins or works."""
    task = Task()
    let_end_with_pull_request(task)
    return closed_since(task, FakeTask(dag_id="shop.pr", run_id=run_id, task_id="test"))
