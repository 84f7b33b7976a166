"""How often a fleet is looked at: often at first, and less the longer it has been waited for.

Each look is calls to AWS, which counts them for the whole account. A twentieth of what was waited
already is a delay that nobody notices, and keeps a slow boot from asking all day.
"""

from __future__ import annotations

_SHARE = 20.0
# Seconds: a breach during the soak is to be seen soon, however long that has lasted.
LONGEST = 3.0


def pause_after(waited: float, *, least: float) -> float:
    """Return how long to wait for the next look.

    :param waited: seconds since the first one.
    :param least: seconds that lie between two looks in any case.
    """
    return max(least, min(waited / _SHARE, LONGEST))
