"""When the machine image of a commit is baked."""

from __future__ import annotations

from enum import StrEnum


class BakeWhen(StrEnum):
    """Beside the tests, or behind them."""

    EARLY = "early"
    AFTER_TESTS = "after_tests"
