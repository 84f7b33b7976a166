"""Terminated instances are seen for a while, and then forgotten, as in AWS.

moto would keep them for good, and look through all of them and their tags at each question.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from include.localcloud.compute.instance_life import Life, life
from include.localcloud.state import CloudState

# Seconds. In AWS it is "a short while", up to an hour.
_SEEN = 120.0


class Forgetting:
    """The reconciler's part for terminated instances. Called from one thread.

    :param state: what moto knows.
    :param clock: seconds.
    """

    def __init__(self, *, state: CloudState, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._since: dict[str, float] = {}

    def reconcile(self) -> None:
        """Look once at every instance."""
        now = self._clock()
        with self._state.lock:
            gone = [one.id for one in self._state.instances() if life(one) is Life.TERMINATED]
            self._since = {name: self._since.get(name, now) for name in gone}
            due = {name for name, since in self._since.items() if now - since >= _SEEN}
            if due:
                _forget(self._state.ec2, due)


def _forget(ec2: Any, names: Collection[str]) -> None:
    for key, reservation in list(ec2.reservations.items()):
        reservation.instances = [one for one in reservation.instances if one.id not in names]
        if not reservation.instances:
            del ec2.reservations[key]
    for name in names:
        ec2.tags.pop(name, None)
