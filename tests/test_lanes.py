"""Tests that run side by side: what they are called, where they listen, who goes together."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

import pytest

from tests import lanes


@pytest.fixture
def _second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")


def test_without_lanes_everything_has_its_plain_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert (lanes.own("test-e2e"), lanes.port(4606)) == ("test-e2e", 4606)


@pytest.mark.usefixtures("_second")
def test_a_second_lane_has_names_and_ports_of_its_own() -> None:
    assert (lanes.own("test-e2e"), lanes.port(4606)) == ("test-e2e-gw1", 4706)


def test_no_port_of_a_lane_is_one_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the tests ask for, in eight lanes."""
    usual = [4577, 4596, 4606, 4616, 8091, 8093, 8094, 18577, *range(18587, 18591), 18596, 18597]
    usual += range(18616, 18620)
    given: list[int] = []
    for number in range(8):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{number}")
        given += map(lanes.port, usual)
    assert len(set(given)) == len(given) == 8 * len(usual)


class Item:
    """A test, as pytest collects it."""

    def __init__(self, file: str, *marks: str) -> None:
        self.path = Path(lanes.__file__).parents[1] / file
        self.marks: dict[str, Any] = {name: getattr(pytest.mark, name) for name in marks}

    def get_closest_marker(self, name: str) -> Any:
        return self.marks.get(name)

    def add_marker(self, mark: Any) -> None:
        self.marks[mark.name] = mark.args


def test_what_takes_long_comes_first_and_alone_and_other_files_stay_together() -> None:
    fleet, first, second = (
        Item("tests/integration/test_fleet.py", "integration"),
        Item("tests/e2e/test_image.py", "e2e"),
        Item("tests/e2e/test_failed_machines.py", "e2e", "xdist_group"),
    )
    items: list[Any] = [fleet, first, second]
    lanes.arrange(items)
    assert items == [first, second, fleet]
    assert fleet.marks["xdist_group"] == ("tests/integration/test_fleet.py",)
    assert "xdist_group" not in first.marks
    assert second.marks["xdist_group"] != ("tests/e2e/test_failed_machines.py",)


def _hold(name: str, told: Any) -> None:
    with lanes.turn(name):
        told.put("in")
        time.sleep(60)


def test_a_turn_ends_with_whoever_is_killed_in_it(tmp_path: Path) -> None:
    making = multiprocessing.get_context("spawn")
    told: Any = making.Queue()
    name = f"own-{tmp_path.name}-{time.monotonic_ns()}"
    other = making.Process(target=_hold, args=(name, told))
    other.start()
    assert told.get(timeout=30) == "in"
    other.kill()
    other.join()
    with lanes.turn(name):
        pass
