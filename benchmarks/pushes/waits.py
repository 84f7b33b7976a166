"""How long the tasks of a run waited for a slot, and how much memory there was meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from include.demo import login, paths

_MEMORY = Path("/proc/meminfo")


def waits(dag_id: str, run_id: str) -> dict[str, float]:
    """Return for each task of a run how many seconds lay between scheduled and running.

    :param dag_id: the run's.
    :param run_id: its own.
    """
    with httpx.Client(base_url=paths.UI, timeout=60, trust_env=False) as client:
        token = client.post("/auth/token", json=login.read()).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        answer = client.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        found = answer.raise_for_status().json()["task_instances"]
    return {one["task_id"]: _wait(one) for one in found if one["start_date"]}


def _wait(task: dict[str, Any]) -> float:
    began = datetime.fromisoformat(task["start_date"])
    asked = task["scheduled_when"] or task["queued_when"] or task["start_date"]
    return (began - datetime.fromisoformat(asked)).total_seconds()


class Memory:
    """The most that was in use, in MiB of the whole machine."""

    def __init__(self) -> None:
        self.before = _used()
        self.peak = self.before


@contextmanager
def memory() -> Iterator[Memory]:
    """Look each half second, while something goes on."""
    seen, over = Memory(), threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            seen.peak = max(seen.peak, _used())

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _used() -> float:
    lines = (line.split() for line in _MEMORY.read_text().splitlines())
    sizes = {words[0].rstrip(":"): float(words[1]) for words in lines}
    return (sizes["MemTotal"] - sizes["MemAvailable"]) / 1024
