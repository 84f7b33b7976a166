"""What runs beside the swaps: visitors, and somebody who counts the machines in service."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.swap import cloud as swap_cloud

INTERVAL = 0.5


@dataclass
class Capacity:
    """Counts of healthy machines in service, with the moment of each look."""

    seen: list[tuple[float, int]] = field(default_factory=list)
    missed: int = 0

    def least(self, since: float, until: float) -> int:
        """Return the smallest count of a stretch of time."""
        return min(count for moment, count in self.seen if since <= moment <= until)


@contextlib.contextmanager
def capacity() -> Iterator[Capacity]:
    """Count every half a second until the block ends."""
    told, stopping = Capacity(), threading.Event()
    thread = threading.Thread(target=_look, args=(told, stopping))
    thread.start()
    try:
        yield told
    finally:
        stopping.set()
        thread.join()


def _look(told: Capacity, stopping: threading.Event) -> None:
    elbv2, arn = swap_cloud.client("elbv2"), swap_cloud.target_group()
    due = time.monotonic()
    while not stopping.is_set():
        try:
            count = swap_cloud.healthy_in_service(elbv2, arn)
        except (BotoCoreError, ClientError):
            told.missed += 1
        else:
            told.seen.append((time.monotonic(), count))
        due += INTERVAL
        stopping.wait(max(0.0, due - time.monotonic()))


class Visitors:
    """The load, in a process of its own.

    :param rate: requests per second.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._began = time.monotonic()
        argv = [sys.executable, "-m", "benchmarks.swap.load", str(swap_cloud.LISTENER), str(rate)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            argv, cwd=swap_cloud.ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    @property
    def there(self) -> bool:
        """They still ask."""
        return self._process.poll() is None

    def stay_for(self, requests: int) -> None:
        """Wait until they have sent as many as that."""
        # A second more: the process had to start first.
        left = self._began + requests / self._rate + 1.0 - time.monotonic()
        time.sleep(max(0.0, left))

    def stop(self) -> dict[str, Any]:
        """Let them finish, and return their books."""
        self._process.terminate()
        text, _ = self._process.communicate(timeout=60)
        books: dict[str, Any] = json.loads(text) if text else {}
        return books


@contextlib.contextmanager
def visitors(rate: float) -> Iterator[Visitors]:
    """Load the environment until somebody stops it, or the block ends."""
    load = Visitors(rate)
    try:
        yield load
    finally:
        if load.there:
            load.stop()
