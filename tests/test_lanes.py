"""Tests that run side by side: what they are called, where they listen, who goes together."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
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


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (
            "tests/integration/fleet/test_fleet.py::test_a",
            "tests/integration/fleet/test_fleet.py::test_b",
            True,
        ),
        (
            "tests/integration/fleet/test_fleet.py::a",
            "tests/integration/migrations/test_goose.py::a",
            False,
        ),
        ("tests/e2e/test_image.py::test_a[1]", "tests/e2e/test_image.py::test_a[2]", False),
        ("tests/e2e/test_failed_machines.py::a", "tests/e2e/test_failed_machines.py::b", True),
    ],
)
def test_a_file_stays_together_but_for_long_tests_that_share_nothing(
    first: str, second: str, same: bool
) -> None:
    assert (lanes.together(first) == lanes.together(second)) is same


TESTS = (
    "import os\nimport pathlib\nimport pytest\n{mark}\n"
    + """
@pytest.mark.parametrize("number", range(4))
def test_where(number):
    with pathlib.Path(os.environ["TOLD"]).open("a") as told:
        told.write(f"{{pathlib.Path(__file__).stem}} {{os.environ['PYTEST_XDIST_WORKER']}}\\n")
"""
)


def test_two_lanes_take_files_whole_and_the_long_ones_first(tmp_path: Path) -> None:
    """By the real xdist, with the hooks of these tests."""
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_collection_modifyitems, pytest_xdist_make_scheduler\n"
    )
    for name, mark in (("test_a", ""), ("test_b", ""), ("test_c", "pytestmark = pytest.mark.e2e")):
        (tmp_path / f"{name}.py").write_text(TESTS.format(mark=mark))
    told = tmp_path / "told"
    root = Path(lanes.__file__).parents[1]
    xdist = ("-n", "2", "--dist", "loadgroup", "-c", "/dev/null", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *xdist, "--rootdir", str(tmp_path), str(tmp_path)],
        env=os.environ | {"TOLD": str(told), "PYTHONPATH": f"{root}:{root / 'plugins'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    lines = told.read_text().splitlines()
    assert len(lines) == 12
    assert len(set(lines)) == 3
    assert any(line.startswith("test_c") for line in lines[:8])


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
