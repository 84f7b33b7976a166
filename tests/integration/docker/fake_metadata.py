"""A metadata service like a cloud's, on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from signal import SIGKILL
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA, ROLES = "169.254.169.254", "169.254.170.2"


SPACE = "slipway-md"


HERE = "10.255.255.1"


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def metadata_service() -> Iterator[None]:
    """Serve HTTP at the well-known address, one hop away from this machine as in a cloud.

    There is one such address per machine, so the tests of two clones take turns; and a run that was
    killed leaves its network namespace and its route behind, which the next one removes: the lock
    ends with the process that holds it.
    """
    space, here, there = SPACE, f"{SPACE}-h", f"{SPACE}-t"
    with (Path(tempfile.gettempdir()) / f"{SPACE}.lock").open("w") as turn:
        flock(turn, LOCK_EX)
        clear(space, here)
        ip("netns", "add", space)
        try:
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
            ip("address", "add", f"{HERE}/30", "dev", here)
            ip("link", "set", here, "up")
            ip("route", "add", f"{METADATA}/32", "via", "10.255.255.2", "dev", here)
            inside = ("netns", "exec", space, "ip")
            ip(*inside, "address", "add", "10.255.255.2/30", "dev", there)
            ip(*inside, "link", "set", there, "up")
            ip(*inside, "link", "set", "lo", "up")
            ip(*inside, "address", "add", f"{METADATA}/32", "dev", "lo")
            ip(*inside, "route", "add", "default", "via", HERE)
            serve = ["ip", "netns", "exec", space, sys.executable, "-m", "http.server", "80"]
            with subprocess.Popen(serve, stdout=DEVNULL, stderr=DEVNULL) as http:
                time.sleep(0.7)
                yield
                http.terminate()
        finally:
            clear(space, here)


def clear(space: str, link: str) -> None:
    """Remove the namespace, what runs in it, and the link to it with its routes, if there."""
    with suppress(subprocess.CalledProcessError):
        for pid in ip("netns", "pids", space).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), SIGKILL)
    for leftover in (("link", "delete", link), ("netns", "delete", space)):
        with suppress(subprocess.CalledProcessError):
            ip(*leftover)
