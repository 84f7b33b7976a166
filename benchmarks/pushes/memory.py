"""How much of the machine's memory is in use while something goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil  # type: ignore[import-untyped]


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
    memory = psutil.virtual_memory()
    return float(memory.total - memory.available) / 2**20
