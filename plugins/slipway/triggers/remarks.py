"""What somebody who waits says of it: often enough to be believed, and no line for each look."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable

# Seconds between two lines at least where what is seen has changed, and where it has not.
CHANGED, UNCHANGED = 5.0, 60.0
# Time goes by anyway, and is no news.
_TIME = re.compile(r"\b\d+(?:\.\d+)?(?= (?:of \d+ )?(?:s|min)\b)")


class Remarks:
    """Tells when to log what is seen: at first, when it changes, and now and then.

    :param clock: seconds, never going back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = -math.inf
        self._gist: str | None = None

    def due(self, text: str, *, last: bool = False) -> bool:
        """Tell whether to log this now; if so, it counts as logged.

        :param text: the line.
        :param last: the waiting is over.
        """
        gist, now = _TIME.sub("", text), self._clock()
        changed = gist != self._gist
        due = (changed and last) or now - self._at >= (CHANGED if changed else UNCHANGED)
        if due:
            self._at, self._gist = now, gist
        return due
