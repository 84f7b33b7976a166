"""How often a fleet is looked at, and how long a release that answers wrongly is waited for.

Each look is calls to AWS, which counts them for the whole account. A twentieth of what was waited
already is a delay that nobody notices, and keeps a slow boot from asking all day.

A machine that does not answer yet is on its way up, and its limit is the project's. One that
answers with something else than it should, and does so on end, will hardly come to its senses:
whoever has pushed a fix need not wait for that limit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from slipway.exceptions import UnhealthyRelease
from slipway.model.cloud.answer import Answer

_AGAIN = (
    "the old fleet goes on serving, and what was launched is removed by roll_back; to give this "
    "release its whole time, run the environment's own DAG with its version"
)
# Of what was waited already, for the next look.
_SHARE = 1 / 20
# Seconds: a breach during the soak is to be seen soon, however long that has lasted.
LONGEST_PAUSE = 3.0
# Seconds of wrong answers on end after which nobody believes in better ones.
WRONG = 60.0
# What services and the proxies before them answer while they warm up.
_WARMING_UP = frozenset({502, 503, 504})
# Seconds between two questions about who waits.
_PAUSE = 5.0


def pause_after(waited: float, *, least: float) -> float:
    """Return how long to wait for the next look.

    :param waited: seconds since the first one.
    :param least: seconds that lie between two looks in any case.
    """
    return max(least, min(waited * _SHARE, LONGEST_PAUSE))


def worth_waiting(answers: Sequence[Answer], limit: float) -> float | None:
    """Return for how many seconds such answers on end are worth waiting for; None says nothing.

    :param answers: of the machines that are up.
    :param limit: seconds that the project gives them.
    """
    codes = {one.status for one in answers if one.status is not None}
    if not codes or any(one.healthy for one in answers):
        return None
    return WRONG if codes - _WARMING_UP else max(WRONG, limit / 2)


class Patience:
    """Ends a wait early, once somebody waits for its end.

    :param newer: returns the commit whose run waits; None where none does.
    :param limit: seconds that the project gives its machines.
    :param clock: seconds, never going back.
    """

    def __init__(
        self,
        *,
        newer: Callable[[], str | None],
        limit: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._newer = newer
        self._limit = limit
        self._clock = clock
        self._since: float | None = None
        self._asked = -math.inf

    def check(self, message: str, patience: float | None) -> None:
        """Look whether it is worth waiting on.

        :param message: where things stand.
        :param patience: as :func:`worth_waiting` returns it for what was seen just now.
        :raises UnhealthyRelease: when it is not.
        """
        now = self._clock()
        if patience is None:
            self._since = None
            return
        self._since = now if self._since is None else self._since
        wrong = now - self._since
        if wrong < patience or now - self._asked < _PAUSE:
            return
        self._asked = now
        if newer := self._newer():
            msg = (
                f"{message}, and so for {wrong:.0f} s; the run of the newer commit {newer} waits, "
                f"so the rest of the {self._limit:.0f} s is not waited for"
            )
            raise UnhealthyRelease(msg, advice=_AGAIN)
