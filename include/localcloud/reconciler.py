"""The thread that keeps making the world match moto."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

INTERVAL = 0.5
# While something is about to happen of which no alarm tells.
SOON = 0.05


class Reconciler:
    """Runs its steps in order, at every alarm and every half a second.

    :param wake: set by whoever changed something.
    :param steps: what to run; one that fails is logged and keeps the others from nothing, and one
        that returns true wants to look again soon.
    """

    def __init__(
        self, *, wake: threading.Event, steps: Sequence[Callable[[], bool | None]]
    ) -> None:
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
            soon = self._round()
            self._wake.wait(SOON if soon else INTERVAL)
            self._wake.clear()

    def _round(self) -> bool:
        soon = False
        for step in self._steps:
            try:
                soon = bool(step()) or soon
            except Exception:
                log.exception("the cloud could not be brought up to date")
        return soon
