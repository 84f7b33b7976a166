"""Looks grow rarer; a fix that waits behind a broken release does not wait for its timeout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.exceptions import UnhealthyRelease
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.goals import Goal
from slipway.fleet.patience import (
    LONGEST_PAUSE,
    WRONG,
    Patience,
    pause_after,
    worth_waiting,
)
from slipway.model.cloud.answer import Answer
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.prober import FakeProber
from tests.slipway.fleet.worlds import make_swap

LIMIT = 300.0


def page(status: int) -> Answer:
    healthy = status == 200
    return Answer(address="10.0.0.1", healthy=healthy, said=f"HTTP {status}", status=status)


SILENT = Answer(address="10.0.0.2", healthy=False, said="ConnectError: refused")


class Watch:
    """Somebody who looks at a release every second."""

    def __init__(self, newer: str | None = "3f2a1b7") -> None:
        self.now = 0.0
        self.asked: list[float] = []
        self.newer = newer
        self.patience = Patience(newer=self.ask, limit=LIMIT, clock=lambda: self.now)

    def ask(self) -> str | None:
        self.asked.append(self.now)
        return self.newer

    def look(self, *answers: Answer, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.patience.check("0 of 1 machines healthy", worth_waiting(answers, LIMIT))
            self.now += 1


def test_wrong_answers_on_end_are_not_waited_for_while_a_fix_waits() -> None:
    watch = Watch()
    with pytest.raises(UnhealthyRelease, match="newer commit 3f2a1b7 waits") as told:
        watch.look(page(500), seconds=LIMIT)
    assert watch.now == WRONG
    assert "0 of 1 machines healthy, and so for 60 s" in str(told.value)
    assert "the rest of the 300 s" in str(told.value)


def test_without_a_fix_the_whole_time_is_waited_and_nobody_is_pestered() -> None:
    watch = Watch(newer=None)
    watch.look(page(500), seconds=LIMIT)
    assert watch.asked[0] == WRONG
    assert len(watch.asked) <= (LIMIT - WRONG) / 5


def test_a_fix_that_comes_later_ends_the_wait_when_it_comes() -> None:
    watch = Watch(newer=None)
    watch.look(page(404), seconds=100)
    watch.newer = "3f2a1b7"
    with pytest.raises(UnhealthyRelease):
        watch.look(page(404), seconds=10)


@pytest.mark.parametrize("answers", [(SILENT,), ()])
def test_a_machine_that_is_merely_not_up_yet_has_its_whole_time(answers: tuple[Answer]) -> None:
    watch = Watch()
    watch.look(*answers, seconds=LIMIT)
    assert watch.asked == []


def test_a_release_of_which_one_machine_is_healthy_is_on_its_way() -> None:
    watch = Watch()
    watch.look(page(200), page(500), seconds=LIMIT)
    assert watch.asked == []


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_services_answer_while_they_warm_up_is_waited_for_longer(status: int) -> None:
    watch = Watch()
    with pytest.raises(UnhealthyRelease):
        watch.look(page(status), SILENT, seconds=LIMIT)
    assert watch.now == LIMIT / 2
    assert worth_waiting([page(status)], 60.0) == WRONG


def test_a_service_that_starts_anew_starts_anew_here_as_well() -> None:
    watch = Watch()
    for _ in range(5):
        watch.look(page(500), seconds=WRONG - 1)
        watch.look(SILENT, seconds=1)
    assert watch.asked == []


def all_wrong(addresses: list[str], **_: Any) -> list[Answer]:
    return [replace(page(500), address=one) for one in addresses]


@pytest.fixture
def cloud() -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1"})
    for version in ("1", "bad"):
        make_swap(cloud, version).converge(Goal.LAUNCHED, timeout=10)
    return cloud


def test_the_gate_says_how_long_such_answers_are_worth_waiting_for(cloud: FakeFleetCloud) -> None:
    swap = make_swap(cloud, "bad", prober=FakeProber(machines=all_wrong))
    seen = evaluate(Gate.HEALTHY, swap, waited=1)
    assert (seen.passed, seen.patience) == (False, WRONG)


def test_a_release_that_is_in_traffic_is_never_cut(cloud: FakeFleetCloud) -> None:
    """As the first machines are, of a canary, while the rest of them is launched."""
    make_swap(cloud, "bad").converge(Goal.IN_TRAFFIC, timeout=10)
    swap = make_swap(cloud, "bad", prober=FakeProber(machines=all_wrong))
    assert evaluate(Gate.HEALTHY, swap, waited=1).patience is None
    assert evaluate(Gate.IN_SERVICE, swap, waited=1).patience is None


@pytest.mark.parametrize(
    ("waited", "pause"),
    [(0.0, 0.2), (4.0, 0.2), (10.0, 0.5), (20.0, 1.0), (60.0, 3.0), (600.0, LONGEST_PAUSE)],
)
def test_a_pause_is_a_twentieth_of_what_was_waited(waited: float, pause: float) -> None:
    assert pause_after(waited, least=0.2) == pause


@given(st.floats(0, 1e6), st.floats(0.01, 10))
def test_a_pause_never_falls_below_what_is_asked_for_nor_beyond_what_a_soak_bears(
    waited: float, least: float
) -> None:
    assert least <= pause_after(waited, least=least) <= max(least, LONGEST_PAUSE)
