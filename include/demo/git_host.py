"""What stands in for Bitbucket: the guestbook's commits with their statuses, and its webhook."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping
from urllib.parse import unquote

from include.demo import paths, processes
from include.demo.airflow_api import DemoFailed
from include.demo.progress import say
from include.localforge.state import ForgeHome, Json

PROCESSES = ("git-host", "webhook")
HOME = ForgeHome(folder=paths.FORGE, git=paths.GIT)
# Where a person looks.
PAGE = f"{paths.FORGE_URL}/{paths.REPOSITORY}"


def start() -> None:
    """Start the host; what it keeps is its owner's alone."""
    HOME.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    HOME.token_file.touch(mode=0o600)
    HOME.token_file.write_text(secrets.token_urlsafe(30))
    # A repository has its page and its webhook before anything was pushed to it.
    HOME.bare(paths.REPOSITORY).mkdir(parents=True, exist_ok=True)
    processes.start(
        "git-host",
        [
            sys.executable,
            "-m",
            "include.localforge",
            "--home",
            str(paths.FORGE),
            "--git",
            str(paths.GIT),
            "--port",
            str(paths.FORGE_PORT),
        ],
        {"PYTHONPATH": str(paths.ROOT)},
    )


def token() -> str:
    """Return what the host's API lets in."""
    return HOME.token_file.read_text()


def begin_webhook(variables: Mapping[str, str]) -> None:
    """Have the guestbook's webhook made, as ``fab hook guestbook`` does; Airflow starts beside it.

    :param variables: Airflow's environment.
    """
    processes.start("webhook", [sys.executable, "-m", "include.cli.hook", "guestbook"], variables)


def wait_for_webhook(timeout: float) -> None:
    """Wait until the host has the webhook.

    :param timeout: seconds.
    :raises DemoFailed: when it never has it.
    """
    deadline = time.monotonic() + timeout
    while processes.alive("webhook") and time.monotonic() < deadline:
        time.sleep(0.2)
    hooks = HOME.hooks(paths.REPOSITORY)
    if not hooks:
        msg = f"the webhook could not be made:\n{processes.last_lines('webhook')}"
        raise DemoFailed(msg)
    for hook in hooks.values():
        say(f"the git host tells {hook['url']} of pushes")


def statuses_of(dag_id: str, run_id: str) -> list[Json]:
    """Return the statuses that a run sent, in the order in which they came.

    :param dag_id: the run's DAG.
    :param run_id: its id.
    """
    page = f"/dags/{dag_id}/runs/{run_id}/"
    sent = (one["status"] for one in HOME.all("statuses"))
    return [status for status in sent if page in unquote(status["url"])]


def wait_for_statuses(timeout: float, *, without: str = "") -> None:
    """Wait until nothing that was told is still in progress; they come a little after the tasks.

    :param timeout: seconds, after which the demo shows what there is.
    :param without: a commit that nobody waits for.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        newest = {
            (one["sha"], one["status"]["key"]): one["status"]["state"]
            for one in HOME.all("statuses")
            if one["sha"] != without
        }
        if newest and "INPROGRESS" not in newest.values():
            return
        time.sleep(0.5)
