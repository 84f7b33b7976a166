"""How long whoever failed is left alone: longer each time, and at least as long as it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

# Seconds: the first pause, doubled each time, and the longest.
_FIRST, _LONGEST = 5.0, 300.0


@dataclass
class _Pause:
    until: float
    length: float


@dataclass(kw_only=True)
class Pauses:
    """Who is left alone, by whatever tells them apart.

    :param clock: the time, seconds since 1970.
    """

    clock: Callable[[], float]
    _known: dict[str, _Pause] = field(default_factory=dict)

    def rests(self, who: str) -> bool:
        """Tell whether somebody is left alone now."""
        pause = self._known.get(who)
        return pause is not None and self.clock() < pause.until

    def begin(self, who: str, asked: float) -> float | None:
        """Leave somebody alone who has failed.

        :param who: has failed.
        :param asked: seconds that it asks to be left alone for, at least.
        :returns: the pause in seconds, if it is the first in a row; None afterwards, when it has
            been said.
        """
        known = self._known.get(who)
        length = min(known.length * 2, _LONGEST) if known else _FIRST
        seconds = max(length, asked)
        self._known[who] = _Pause(until=self.clock() + seconds, length=length)
        return None if known else seconds

    def end(self, who: str) -> None:
        """Take note that somebody answers."""
        self._known.pop(who, None)
