"""Looks at the cloud that everybody shares who waits in one process.

AWS limits how often an account may ask (EC2 and Auto Scaling give back some twenty reading calls
a second), and a triggerer waits for hundreds of fleets at once. What many would ask at the same
time is asked once; and those that ask of one account take turns, however many they are.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

# Seconds for which an answer is shared: what somebody waits for is looked at once a second anyway.
FRESH = 1.0
# Looks a second at one account and region, of three calls each besides those that are shared.
_PACE = 5.0
# Answers that are kept; old ones go first.
_MOST = 256


@dataclass(slots=True)
class _Look:
    """The last answer to a question.

    :param began: when it was asked, by the monotonic clock; 0 where it was not yet.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    began: float = 0.0
    answer: Any = None


class SharedLooks:
    """The looks of one process. Safe to use from several threads.

    :param fresh: seconds for which an answer is shared.
    """

    def __init__(self, *, fresh: float = FRESH) -> None:
        self._fresh = fresh
        self._lock = threading.Lock()
        self._looks: dict[Hashable, _Look] = {}
        self._waiting: Counter[Hashable] = Counter()

    def ask(self, what: Hashable, question: Callable[[], T]) -> T:
        """Return the answer to a question; who asks while another one does waits for that answer.

        A failure is everybody's own: the next one asks again.

        :param what: the same for all who ask the same.
        :param question: asks.
        """
        with self._lock:
            look = self._looks.pop(what, None) or _Look()
            self._looks[what] = look  # the last one now
            while len(self._looks) > _MOST:
                del self._looks[next(iter(self._looks))]
        with look.lock:
            began = time.monotonic()
            if not look.began or began - look.began >= self._fresh:
                look.answer = question()
                look.began = began
            answer: T = look.answer
            return answer

    @contextmanager
    def waiting(self, where: Hashable) -> Iterator[Callable[[float], float]]:
        """Count somebody who waits; yields what says how long to pause between two looks.

        :param where: the account and region that is asked.
        """
        with self._lock:
            self._waiting[where] += 1
        try:
            yield lambda pause: max(pause, self._waiting[where] / _PACE)
        finally:
            with self._lock:
                self._waiting[where] -= 1


# Of this process: a triggerer's, where all its triggers wait.
SHARED = SharedLooks()
