"""What befalls the stack in the middle of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

from include.demo.airflow_api import FINAL, DemoFailed
from include.demo.progress import say
from include.stack import compose
from include.stack.trial.api import Run, StackApi

# Given the API and the run; returns what it did, for people.
Mishap: TypeAlias = Callable[[StackApi, Run], str]
# Seconds until a task begins.
_LIMIT = 900.0


def nothing(_api: StackApi, _run: Run) -> str:
    """Let a run go its way."""
    return ""


def always() -> bool:
    """Agree to any moment."""
    return True


def worker_killed(
    task: str, *, after: float, once: Callable[[], bool] = always, named: str = "it"
) -> Mishap:
    """Kill the worker that runs a task, without a warning.

    :param task: its id.
    :param after: seconds after it began, and after the moment.
    :param once: tells whether the moment has come.
    :param named: the moment, in words.
    """

    def kill(api: StackApi, run: Run) -> str:
        _wait_for(api, run, task, "running", once, named)
        time.sleep(after)
        host = api.hosts(run)[task]
        [worker] = [one for one in compose.containers("worker") if one.id.startswith(host)]
        say(f"    {task} runs at {host}: killing it")
        worker.kill()
        return f"{task}'s worker killed"

    return kill


def restarted(
    service: str,
    task: str,
    *,
    after: float,
    state: str = "running",
    once: Callable[[], bool] = always,
    named: str = "it",
) -> Mishap:
    """End a service at once, with all that it holds in memory, and start it again.

    :param service: as docker-compose.yaml calls it.
    :param task: in the middle of this one.
    :param after: seconds after that is in its state, and after the moment.
    :param state: the task's: ``running``, or ``deferred`` while it waits in the triggerer.
    :param once: tells whether the moment has come.
    :param named: the moment, in words.
    """

    def restart(api: StackApi, run: Run) -> str:
        _wait_for(api, run, task, state, once, named)
        time.sleep(after)
        [container] = compose.containers(service)
        say(f"    {task} is {api.states(run).get(task)}: restarting {service}")
        container.kill()
        container.start()
        return f"{service} killed and started during {task}"

    return restart


def _wait_for(
    api: StackApi, run: Run, task: str, state: str, once: Callable[[], bool], named: str
) -> None:
    deadline = time.monotonic() + _LIMIT
    was = False
    while time.monotonic() < deadline:
        found = api.states(run).get(task)
        if found == state:
            was = True
            if once():
                return
        # A task that gave its slot back for a while is not at its end.
        elif (was and found in FINAL) or api.run_state(run.dag_id, run.run_id) in FINAL:
            break
        time.sleep(0.3)
    what = f"nobody saw {named} while {task} was {state}" if was else f"{task} was not {state}"
    msg = f"{run.dag_id} {run.run_id} went on, or waited, and {what}"
    raise DemoFailed(msg)
