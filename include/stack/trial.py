"""What is tried on the stack: a push is delivered, and one worker dies in the middle of a bake."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from include.demo.airflow_api import FINAL, AirflowApi, DemoFailed, TaskState
from include.demo.progress import follow, say
from include.stack import compose, paths, secret_files
from include.stack.repositories import Guestbook

# Requests per second.
RATE = 20
# Seconds for one run. The first bakes the base image as well.
LIMIT = 1800
_BAKE = "bake_image"


class StackApi(AirflowApi):
    """Airflow's API, for the stack's administrator."""

    def __init__(self) -> None:
        super().__init__(paths.UI)
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

    def hosts(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return where each of a run's tasks ran, by the worker's name."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found = self._get(path)["task_instances"]
        return {one["task_id"]: one["hostname"] for one in found if one["hostname"]}


def main() -> None:
    """Try it all, and leave the stack running.

    :raises DemoFailed: naming what did not go as it should.
    """
    check_ports()
    api, guestbook = StackApi(), Guestbook()
    for dag_id in ("guestbook", "guestbook.dev", "guestbook.prod", "commits"):
        api.wait_for_dag(dag_id, timeout=180)
    say("pushing the guestbook")
    first = f"commit__{guestbook.push_first()}"
    follow(api, "guestbook", first, timeout=LIMIT)
    used = set(api.hosts("guestbook", first).values())
    say(f"dev serves {_served()}; {len(used)} workers took part, which share no disk")
    if len(used) < 2:
        msg = f"one worker did it all: {used}"
        raise DemoFailed(msg)
    say(f"pushing again, under {RATE} requests per second, and killing the worker that bakes")
    with _load() as counts:
        second = f"commit__{guestbook.push_again('Workers may die.')}"
        killed = _kill_who_bakes(api, second)
        follow(api, "guestbook", second, timeout=LIMIT)
    after = api.hosts("guestbook", second)[_BAKE]
    say(f"the bake went on at {after}, not at {killed}; {counts['failed']} of {counts['sent']}")
    _check(counts, served=_served(), sha=second.removeprefix("commit__"))
    compose.run("up", "-d", "--scale", "worker=2", timeout=300)
    paths.RESULT.write_text(json.dumps({"requests": counts, "hosts": sorted({*used, after})}))
    say("the stack does what it should")


def check_ports() -> None:
    """See that nobody reaches anything but the UI.

    :raises DemoFailed: when something else is published.
    """
    published = {
        f"{binding['HostIp']}:{binding['HostPort']}"
        for one in compose.containers()
        for bindings in one.attrs["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    if published != {f"127.0.0.1:{paths.UI_PORT}"}:
        msg = f"published: {', '.join(sorted(published)) or 'nothing'}"
        raise DemoFailed(msg)


def _kill_who_bakes(api: StackApi, run_id: str) -> str:
    """Kill a worker in the middle of its bake, and return its name."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        state = api.run_state("guestbook", run_id)
        if state in FINAL:
            break
        if state and _is_running(_BAKE, api.tasks("guestbook", run_id)):
            # By now Packer has its machine.
            time.sleep(10)
            host = api.hosts("guestbook", run_id)[_BAKE]
            [worker] = [one for one in compose.containers("worker") if one.id.startswith(host)]
            say(f"    {_BAKE} runs at {host}: killing it")
            worker.kill()
            return host
        time.sleep(0.5)
    msg = f"{run_id} baked nothing"
    raise DemoFailed(msg)


def _is_running(task: str, tasks: list[TaskState]) -> bool:
    return any(one.task == task and one.state == "running" for one in tasks)


def _served() -> str:
    url = f"{paths.balancer_url('dev')}/version"
    answer = httpx.get(url, timeout=10, trust_env=False)
    return str(answer.raise_for_status().json()["version"])


@contextmanager
def _load() -> Iterator[dict[str, Any]]:
    """Keep dev's load balancer busy; the counts are there afterwards."""
    argv = [sys.executable, "-m", "include.demo.load", paths.balancer_url("dev"), str(RATE)]
    process = subprocess.Popen(argv, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    counts: dict[str, Any] = {}
    try:
        yield counts
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=60)
        counts.update(json.loads(said))


def _check(counts: dict[str, Any], *, served: str, sha: str) -> None:
    if counts["failed"] or not counts["sent"]:
        msg = f"{counts['failed']} of {counts['sent']} requests failed: {counts['failures']}"
        raise DemoFailed(msg)
    if sha[:7] not in served:
        msg = f"dev serves {served}, not {sha[:7]}"
        raise DemoFailed(msg)
