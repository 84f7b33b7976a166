from __future__ import annotations

from collections.abc import Callable

from slipway.triggers.remarks import CHANGED, UNCHANGED, Remarks


def _said(seconds: int, seen: Callable[[int], str]) -> list[int]:
    now = 0
    remarks = Remarks(clock=lambda: now)
    at = []
    for now in range(seconds):
        if remarks.due(seen(now)):
            at.append(now)
    return at


def test_what_stays_the_same_is_said_again_once_a_minute() -> None:
    assert _said(150, lambda _: "0 of 2 machines healthy") == [0, 60, 120]


def test_time_that_goes_by_is_no_news() -> None:
    assert _said(100, lambda now: f"2 machines serve, {now} of 600 s") == [0, 60]
    assert _said(100, lambda now: f"2 machines serve, {now}.5 s") == [0, 60]


def test_news_is_said_soon_but_not_at_each_look() -> None:
    assert _said(100, lambda now: f"{min(now // 20, 2)} of 2 machines healthy") == [0, 20, 40]
    flickering = _said(60, lambda now: f"{now % 2} of 2 machines healthy")
    assert flickering == [0, *range(5, 60, 5)]
    assert CHANGED < UNCHANGED


def test_the_last_word_is_said_at_once_and_once() -> None:
    now = 0.0
    remarks = Remarks(clock=lambda: now)
    assert remarks.due("1 of 2")
    assert remarks.due("2 of 2", last=True)
    assert not remarks.due("2 of 2", last=True)
