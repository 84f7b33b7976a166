"""Whose turn it is, who has to wait, and for how long."""

from __future__ import annotations

import pytest

from slipway.tasks.watching.rota import LONGEST, MOST_OF_HOST, Place, Rota


def place(name: str, host: str = "git.example.com") -> Place:
    return Place(url=f"https://{host}/{name}.git", connection=None)


def rota(*places: Place, interval: float = 30.0, chance: float = 1.0) -> Rota:
    found = Rota(interval, chance=lambda: chance)
    found.follow(places, 0.0)
    return found


def test_many_repositories_are_not_asked_in_one_burst() -> None:
    chances = iter(number / 1000 for number in range(10_000))
    found = Rota(30.0, chance=lambda: next(chances))
    found.follow([place(str(number)) for number in range(1000)], 0.0)
    at_once = [len(found.due(float(second), 1000)) for second in range(10)]
    assert max(at_once) <= MOST_OF_HOST


def test_one_that_answers_is_asked_again_after_the_interval_however_long_it_has_been_silent() -> (
    None
):
    one = place("shop")
    found = rota(one)
    now = 1.0
    for _ in range(100):
        assert found.due(now, 16) == [one]
        assert found.due(now + 1e6, 16) == []  # while it is being asked
        found.succeeded(one, now)
        assert found.due(now + 30, 16) == []
        now += 34


def test_one_that_fails_is_asked_ever_more_rarely_up_to_a_limit_and_as_before_once_it_answers() -> (
    None
):
    one = place("shop")
    found = rota(one)
    now, waits = 1.0, []
    for _ in range(2000):
        assert found.due(now, 16) == [one]
        _, again = found.failed(one, now, away=False)
        waits.append(again - now)
        now = again
    assert waits[:4] == pytest.approx([30, 60, 120, 240])
    assert waits[-1] == pytest.approx(LONGEST)
    assert found.due(now, 16) == [one]
    found.succeeded(one, now)
    assert found.due(now + 34, 16) == [one]
    assert found.failed(one, now, away=False)[0] == 1


def test_a_host_that_is_away_has_one_of_its_repositories_asked_and_stops_no_other_host() -> None:
    there = place("there", "other.example.com")
    gone = [place(str(number)) for number in range(100)]
    found = rota(*gone, there)
    assert len(found.due(10.0, 1000)) == MOST_OF_HOST + 1
    for one in gone[:3]:
        found.failed(one, 10.0, away=True)
    assert found.due(10.0, 1000) == []
    for one in gone[3:MOST_OF_HOST]:
        found.failed(one, 11.0, away=True)
    found.succeeded(there, 11.0)
    (probe,) = (one for one in found.due(1e4, 1000) if one != there)
    assert probe in gone[MOST_OF_HOST:]
    assert found.due(1e4, 1000) == []
    found.succeeded(probe, 1e4)
    back = found.due(1e4 + 10, 1000)
    assert len(back) == MOST_OF_HOST


def test_a_repository_that_is_refused_does_not_make_its_host_one_that_is_away() -> None:
    refused = [place(str(number)) for number in range(5)]
    found = rota(*refused, place("good"))
    found.due(10.0, 1000)
    for one in refused:
        found.failed(one, 10.0, away=False)
    found.succeeded(place("good"), 10.0)
    assert found.due(44.0, 1000) == [*refused, place("good")]


def test_a_watcher_that_is_started_anew_asks_no_more_often_than_the_one_before() -> None:
    one, two = place("one"), place("two", "other.example.com")
    found = rota(one, two, interval=0.0)
    found.resume(one, failures=5, again=500.0, away=False)
    assert found.due(10.0, 16) == [two]
    assert found.due(500.0, 16) == [one]
    assert found.failed(one, 500.0, away=False)[0] == 6


def test_a_project_that_is_taken_away_meanwhile_breaks_nothing() -> None:
    one, two = place("one"), place("two")
    found = rota(one, two)
    found.due(10.0, 16)
    found.follow([two], 10.0)
    assert found.failed(one, 10.0, away=True)[0] == 1
    found.succeeded(two, 10.0)
    assert found.due(44.0, 16) == [two]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://git.example.com/a/b.git", "git.example.com"),
        ("ssh://git@Git.Example.com:7999/a.git", "git.example.com:7999"),
        ("git@git.example.com:a/b.git", "git.example.com"),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert Place(url=url, connection=None).host == host
