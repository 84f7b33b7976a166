"""What can happen to a call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way in which a call goes wrong."""

    NONE = "none"
    FAIL_BEFORE = "fail before"
    ANSWER_LOST = "answer lost"
    THROTTLED_3X = "throttled 3x"
    THROTTLED = "throttled past the budget"
    REFUSED = "permanent 4xx"
    HANG = "hang"
    KILL_BEFORE = "kill -9 before"
    KILL_AFTER = "kill -9 after"
    STALE = "stale try"


FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
# How often a fault strikes: a lasting one until it is told to stop.
_TIMES = {
    Fault.ANSWER_LOST: 1,
    Fault.THROTTLED_3X: 3,
    Fault.KILL_BEFORE: 1,
    Fault.KILL_AFTER: 1,
    Fault.STALE: 1,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Strike:
    """A fault, and where it strikes.

    :param label: of the call.
    :param turn: which of the run's calls of that label is struck first, from 1.
    """

    fault: Fault
    label: str
    turn: int = 1

    @property
    def times(self) -> int | None:
        """How many requests in a row it strikes; None for all from the first on."""
        return _TIMES.get(self.fault)
