"""The embedded cloud as a process of its own, for the tests that need one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REGION = "eu-west-1"
# Seconds until it is ready, and until it has removed everything of it.
_START, _STOP = 60.0, 90.0


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
    argv = command(
        "serve",
        "--home",
        str(home),
        "--installation",
        installation,
        "--port",
        str(port),
        "--region",
        REGION,
    )
    with log.open("wb") as told:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=told, stderr=told, start_new_session=True)
    try:
        deadline = time.monotonic() + _START
        while not (home / "cloud.json").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                msg = f"the embedded cloud did not start: {log.read_text()[-2000:]}"
                raise RuntimeError(msg)
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=_STOP)
