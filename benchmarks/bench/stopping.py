"""A benchmark that is stopped clears away what it started."""

from __future__ import annotations

import signal
import sys


def clear_away_when_stopped() -> None:
    """Leave by an exception where somebody ends the process, so that all that is open is closed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *told: sys.exit(128 + told[0]))
