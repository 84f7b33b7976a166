"""When something is news."""

from __future__ import annotations

import pytest

from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import Place, PlaceMemory, Result
from slipway.policies.news import REMINDER, counted, is_behind, reminded

BROKE, STILL, FIXED = NewsEvent.BROKE, NewsEvent.STILL_BROKEN, NewsEvent.FIXED


def result(passed: bool, sha: str, at: float = 0.0, position: int | None = None) -> Result:
    return Result(passed=passed, at=at, sha=sha, version=sha, position=position)


def told(*results: Result) -> list[NewsEvent | None]:
    memory, events = PlaceMemory(place=Place(branch="main")), []
    for one in results:
        memory, event = counted(memory, one)
        events.append(event)
    return events


@pytest.mark.parametrize(
    ("results", "events"),
    [
        ([(True, "a")], [None]),
        ([(False, "a")], [BROKE]),
        ([(True, "a"), (False, "b"), (False, "c"), (True, "d")], [None, BROKE, None, FIXED]),
        ([(False, "a"), (False, "a"), (True, "a")], [BROKE, None, FIXED]),
        ([(True, "a"), (True, "a"), (True, "b")], [None, None, None]),
        # The same commit, run again and again: each turn is one.
        ([(False, "a"), (True, "a"), (False, "a")], [BROKE, FIXED, BROKE]),
    ],
)
def test_a_change_is_news_and_nothing_else(
    results: list[tuple[bool, str]], events: list[NewsEvent | None]
) -> None:
    assert told(*(result(*one) for one in results)) == events


def test_people_are_reminded_once_a_day_however_many_commits_fail() -> None:
    fails = [result(False, str(hour), hour * 3600.0) for hour in range(60)]
    assert [hour for hour, event in enumerate(told(*fails)) if event is STILL] == [24, 48]


def test_people_are_reminded_where_nothing_is_pushed_but_not_for_ever() -> None:
    memory, _ = counted(PlaceMemory(place=Place(branch="main")), result(False, "a"))
    hours = []
    for hour in range(24 * 30):
        if (after := reminded(memory, hour * 3600.0)) is not None:
            memory = after
            hours.append(hour)
    assert hours == [24 * day for day in range(1, 8)]
    good, _ = counted(memory, result(True, "b"))
    assert reminded(good, REMINDER * 99) is None


def test_the_first_failure_is_remembered_until_it_is_fixed() -> None:
    memory, _ = counted(PlaceMemory(place=Place(branch="main")), result(True, "a"))
    for sha in "bcd":
        memory, _ = counted(memory, result(False, sha))
    assert memory.first_bad is not None
    assert memory.good is not None
    assert (memory.first_bad.sha, memory.good.sha) == ("b", "a")


def test_places_on_the_branch_are_an_order_where_they_are_known() -> None:
    assert is_behind(result(False, "a", position=3), result(True, "b", position=4))
    assert not is_behind(result(False, "a", position=4), result(True, "b", position=3))
    assert not is_behind(result(False, "a"), result(True, "b", position=3))
    assert not is_behind(result(False, "a", position=3), None)
