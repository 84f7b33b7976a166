"""Ten seconds after a release has failed people know why: what may take how long on that way."""

from __future__ import annotations

import re
from pathlib import Path

import slipway.board
from slipway.fleet.unhealthy_release import LEAST, LONGEST
from slipway.triggers.news import PAUSE

TEN = 10.0
# Seconds left for the store, and for a channel's answer.
WRITING = 1.0
# Seconds in which a task that left its worker is back in one, on a machine that is not busy.
BACK = 3.0


def _board_looks_every() -> float:
    script = Path(slipway.board.__path__[0], "static", "board.js").read_text()
    found = re.search(r"\bEVERY = (\d+)", script)
    assert found
    return int(found[1]) / 1000


def test_the_machines_answer_and_the_senders_pause_fit_into_ten_seconds() -> None:
    assert LONGEST + PAUSE + WRITING <= TEN


def test_the_machines_answer_and_a_pages_pause_fit_into_ten_seconds() -> None:
    assert LONGEST + _board_looks_every() <= TEN


def test_so_they_do_where_the_gate_waited_in_the_triggerer() -> None:
    assert BACK + max(LEAST, LONGEST - BACK) + max(PAUSE, _board_looks_every()) <= TEN
