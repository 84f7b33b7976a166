"""The embedded cloud as a process of its own, for the tests that need one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from include.localcloud.infrastructure import lay_environment
from tests.lanes import turn

ROOT = Path(__file__).resolve().parents[1]
REGION, APP_PORT = "eu-west-1", 8000
# Seconds until it is ready, and until it has removed everything of it.
_START, _STOP = 60.0, 90.0
# A worker of xdist is killed where one process alone is interrupted: no fixture ends then.
WITH_ITS_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")


def command(*arguments: str) -> list[str]:
    """Return the command line of the cloud's program."""
    return [sys.executable, "-m", "include.localcloud", *arguments]


@contextlib.contextmanager
def serving(home: Path, *, installation: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Serve until the block ends.

    :param home: the cloud's folder; its log is written beside it.
    :param installation: label of everything that it makes in Docker.
    :raises RuntimeError: with the log's end, when it does not start.
    """
    log = home.with_suffix(".log")
    where = ("--home", str(home), "--port", str(port), "--region", REGION)
    argv = [*WITH_ITS_PARENT, *command("serve", "--installation", installation, *where)]
    # Two that start at once would see the same addresses free.
    with turn("addresses"), log.open("wb") as told:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=told, stderr=told, start_new_session=True)
        try:
            _wait_for(process, home / "cloud.json", log)
        except BaseException:
            _end(process)
            raise
    try:
        yield process
    finally:
        _end(process)


def lay(endpoint: str, project: str, environment: str, listener: int) -> None:
    """Lay out an environment of a service that answers every GET on :data:`APP_PORT`.

    :param endpoint: URL of the cloud's API.
    :param project: the project's name.
    :param environment: the environment's.
    :param listener: port of its load balancer, on 127.0.0.1.
    """
    lay_environment(
        endpoint=endpoint,
        region=REGION,
        project=project,
        environment=environment,
        listener_port=listener,
        app_port=APP_PORT,
        health_path="/",
        database_url=None,
    )


def _wait_for(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    deadline = time.monotonic() + _START
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            msg = f"the embedded cloud did not start: {log.read_text()[-2000:]}"
            raise RuntimeError(msg)
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=_STOP)
