"""Things that are done again and again beside a test, until its block ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self


class Repeating:
    """Does each of some things in a thread of its own.

    :param acts: what is done, and the seconds between two times.
    """

    def __init__(self, *acts: tuple[Callable[[], None], float]) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=act, daemon=True) for act in acts
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, act: Callable[[], None], pause: float) -> None:
        while not self._stopping.is_set():
            act()
            self._stopping.wait(pause)
