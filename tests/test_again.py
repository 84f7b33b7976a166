"""What failed is run once more: what that forgives, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import again

_FIRST_TIME_ONLY = """
import pathlib
def test_passes_at_the_second_time():
    marker = pathlib.Path(__file__).with_suffix(".ran")
    ran = marker.exists()
    marker.touch()
    assert ran
"""


def run(root: Path, text: str, *arguments: str) -> int:
    (root / "test_it.py").write_text(text)
    (root / "pytest.ini").write_text("[pytest]\n")
    return again.main(["-q", "-n", "2", *arguments], root)


def test_what_passes_the_second_time_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, f"{_FIRST_TIME_ONLY}\ndef test_fine(): pass\n") == 0
    said = capfd.readouterr().out
    assert "1 failed; run again, alone: test_it.py" in said
    assert "only when they were run again" in said
    assert "  test_it.py::test_passes_at_the_second_time" in said
    assert said.count("2 passed") == 1


def test_what_fails_twice_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, f"{_FIRST_TIME_ONLY}\ndef test_broken(): assert False\n") == 1
    assert "only when" not in capfd.readouterr().out


def test_many_failures_are_no_accident(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert (
        run(
            tmp_path,
            _FIRST_TIME_ONLY
            + "".join(
                f"def test_broken_{number}(): assert False\n" for number in range(again.MOST)
            ),
        )
        == 1
    )
    assert "run again" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "code"), [("def test_fine(): pass", 0), ("", 5), ("def broken(:", 2)]
)
def test_whatever_else_ends_stays_as_it_is(
    text: str, code: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, text) == code
    assert "only when" not in capfd.readouterr().out


_LEAKS = """
import pathlib, pytest
left = []
@pytest.fixture(scope="module")
def world():
    yield left
    assert not left
def test_leaks(world): world.append(1)
def test_last(world): pass
"""


def test_what_a_test_left_behind_is_found_at_the_second_time_as_well(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, _LEAKS, "--dist", "loadfile") == 1
    assert "run again" in capfd.readouterr().out


@pytest.mark.parametrize("stop", ["-x", "--maxfail=1"])
def test_what_stopped_early_is_not_run_again(
    stop: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, f"{_FIRST_TIME_ONLY}\ndef test_broken(): assert False\n", stop) != 0
    assert "run again" not in capfd.readouterr().out
