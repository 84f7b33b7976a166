from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import coverage_figure
from benchmarks.coverage_figure import compare, main


@pytest.mark.parametrize(
    ("measured", "code", "kept"),
    [(91.24, 0, "91.2\n"), (90.0, 0, "90.0\n"), (89.1, 0, "90.0\n"), (88.9, 1, "90.0\n")],
)
def test_it_may_sink_by_a_point_and_no_more(
    tmp_path: Path, measured: float, code: int, kept: str
) -> None:
    figure = tmp_path / "coverage.txt"
    figure.write_text("90.0\n")
    found, said = compare(measured, figure)
    assert (found, figure.read_text()) == (code, kept)
    assert f"{measured:.1f} %" in said
    assert ("90.0 % before" in said) is bool(code)


def test_many_small_steps_down_are_one(tmp_path: Path) -> None:
    figure = tmp_path / "coverage.txt"
    assert [compare(90.0 - step * 0.4, figure)[0] for step in range(4)] == [0, 0, 0, 1]


def test_coverages_own_report_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_figure, "FIGURE", tmp_path / "coverage.txt")
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"totals": {"percent_covered": 87.654}}))
    assert main(report) == 0
    assert (tmp_path / "coverage.txt").read_text() == "87.7\n"
