"""Runs of one branch, and what they work on."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator

from tests.fakes.airflow_run import FakeTask


class Work(BaseOperator):
    """Works for long."""

    kills = 0

    def on_kill(self) -> None:
        self.kills += 1


class Run(FakeTask):
    """A run whose other tasks all go well."""

    max_tries = 0

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {self.run_id: {"test": "running"}}


def context_of(run: Run, task: Work) -> Any:
    return {**run.context, "task": task}
