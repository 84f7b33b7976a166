"""The looks of a gate, counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.fleet.pace import LONGEST, pause_after


@pytest.mark.parametrize(
    ("waited", "pause"),
    [(0.0, 0.2), (4.0, 0.2), (10.0, 0.5), (20.0, 1.0), (60.0, 3.0), (600.0, LONGEST)],
)
def test_a_pause_is_a_twentieth_of_what_was_waited(waited: float, pause: float) -> None:
    assert pause_after(waited, least=0.2) == pause


@given(st.floats(0, 1e6), st.floats(0.01, 10))
def test_a_pause_never_falls_below_what_is_asked_for_nor_beyond_what_a_soak_bears(
    waited: float, least: float
) -> None:
    assert least <= pause_after(waited, least=least) <= max(least, LONGEST)
