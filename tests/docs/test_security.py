"""What docs/security.md promises is kept by files, and shown by tests, that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "security.md").read_text().splitlines()
    if line.startswith("| **CICD-SEC-")
]


def test_each_of_the_ten_risks_has_its_row() -> None:
    found = [re.findall(r"CICD-SEC-(\d+)", row[0]) for row in ROWS]
    assert found == [[str(number)] for number in range(1, 11)]
    assert {row[1] for row in ROWS} <= {"met", "not ours"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split("**")[1])
def test_what_keeps_a_promise_is_there(row: list[str]) -> None:
    files = re.findall(r"`([^`]+)`", row[3])
    assert files
    for file in files:
        assert (ROOT / file).exists() or (ROOT / "plugins" / "slipway" / file).exists(), file


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split("**")[1])
def test_what_shows_it_is_there(row: list[str]) -> None:
    shown = [one.partition("::") for one in re.findall(r"`([^`]+)`", row[4])]
    assert shown
    for file, _, name in shown:
        text = (ROOT / "tests" / file).read_text()
        assert not name or f"def {name}(" in text, f"{file} has no {name}"
