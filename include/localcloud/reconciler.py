"""The thread that keeps making the world match moto."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

INTERVAL = 0.5


class Reconciler:
    """Runs its steps in order, at every alarm and every half a second.

    :param wake: set by whoever changed something.
    :param steps: what to run; one that fails is logged and keeps the others from nothing.
    """

    def __init__(self, *, wake: threading.Event, steps: Sequence[Callable[[], None]]) -> None:
        self._wake = wake
        self._steps = steps
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round that is running, and end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for step in self._steps:
                try:
                    step()
                except Exception:
                    log.exception("the cloud could not be brought up to date")
            self._wake.wait(INTERVAL)
            self._wake.clear()
