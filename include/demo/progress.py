"""What the demo shows while it works."""

from __future__ import annotations

import sys
import time

from include.demo.airflow_api import FINAL, AirflowApi, DemoFailed, TaskState

_BEGAN = time.monotonic()
_SHOWN = {
    "success": "ok",
    "failed": "FAILED",
    "upstream_failed": "not run",
    "skipped": "not needed",
}


def say(text: str) -> None:
    """Print a line with the time since the demo began."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN), 60)
    sys.stdout.write(f"{minutes:3d}:{seconds:02d}  {text}\n")
    sys.stdout.flush()


def follow(api: AirflowApi, dag_id: str, run_id: str, *, timeout: float) -> list[TaskState]:
    """Show a run's tasks as they start and end, and approve where a person is asked to.

    :param api: of the server.
    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param timeout: seconds for the whole run, and for it to appear.
    :returns: the tasks of the run, which succeeded.
    :raises DemoFailed: when the run fails, with the end of the failed task's log.
    """
    shown: dict[str, str | None] = {}
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        state = api.run_state(dag_id, run_id)
        if state is not None:
            tasks = api.tasks(dag_id, run_id)
            _show_changes(tasks, shown)
            for task in tasks:
                if task.state == "awaiting_input":
                    say(f"    {task.task}: approving, as a person would in the UI")
                    api.approve(dag_id, run_id, task.task)
            if state in FINAL:
                return _finished(api, dag_id, run_id, state, tasks)
        time.sleep(0.5)
    msg = f"{dag_id} {run_id} has not ended after {timeout:.0f} s"
    raise DemoFailed(msg)


def _show_changes(tasks: list[TaskState], shown: dict[str, str | None]) -> None:
    for task in tasks:
        if shown.get(task.task) == task.state:
            continue
        shown[task.task] = task.state
        if task.state in _SHOWN:
            took = f" {task.seconds:6.1f} s" if task.seconds else ""
            say(f"    {task.task:22} {_SHOWN[task.state]}{took}")
        elif task.state == "running":
            say(f"    {task.task:22} ...")


def _finished(
    api: AirflowApi, dag_id: str, run_id: str, state: str, tasks: list[TaskState]
) -> list[TaskState]:
    if state == "success":
        return tasks
    failed = [task.task for task in tasks if task.state == "failed"]
    logs = "\n".join(f"--- {name}\n{api.log(dag_id, run_id, name)[-3000:]}" for name in failed)
    msg = f"{dag_id} {run_id} failed in {', '.join(failed)}\n{logs}"
    raise DemoFailed(msg)
