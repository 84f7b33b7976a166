"""Work for Docker that takes long, one piece at a time for each thing it is about."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Jobs:
    """Runs work in threads; a subject that is being worked on takes no second job.

    :param done: called after each job, so that somebody looks at what has changed.
    :param threads: how many jobs run side by side.
    """

    def __init__(self, *, done: Callable[[], None], threads: int = 4) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._done = done
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def busy(self, subject: str) -> bool:
        """Say whether the subject is being worked on."""
        with self._lock:
            return subject in self._busy

    def submit(self, subject: str, work: Callable[[], None]) -> None:
        """Begin the work, unless the subject is busy; failures are logged."""
        with self._lock:
            if subject in self._busy:
                return
            self._busy.add(subject)
        self._pool.submit(self._run, subject, work)

    def stop(self) -> None:
        """Wait for what is running and drop the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, subject: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("work on %s failed", subject)
        finally:
            with self._lock:
                self._busy.discard(subject)
            self._done()
