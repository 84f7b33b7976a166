"""What the benchmark of the whole pipeline tells of its pairs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import pipeline
from benchmarks.bench.figure import FILE, Figure
from include.demo.airflow_api import AirflowApi

# Seconds of all, of its tasks, and of the script's stages.
PAIRS = [
    (40.0, {"checkout": 1.0, "swap": 3.0, "record": 0.5}, {"checkout": 2.0, "swap": 48.0}),
    (44.0, {"checkout": 1.5, "swap": 3.5, "record": 0.5}, {"checkout": 1.0, "swap": 59.0}),
]


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pairs that are measured; a third one would fail."""
    pairs = iter(PAIRS)

    def pair(_: AirflowApi) -> object:
        return next(pairs, None) or sys.exit("the run failed")

    monkeypatch.setattr(AirflowApi, "wait_until_ready", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "_pair", pair)
    monkeypatch.setenv(FILE, str(tmp_path / "lines"))
    return tmp_path / "lines"


def figures(lines: Path) -> list[Figure]:
    return [Figure.model_validate_json(line) for line in lines.read_text().splitlines()]


def test_all_pairs_are_one_figure_and_each_stage_is_beside_its_own(
    lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["pipeline", "--pairs", "2"])
    pipeline.main()
    whole, *stages = figures(lines)
    assert (whole.ours, whole.theirs) == ((40.0, 44.0), (50.0, 60.0))
    assert whole.met, whole.ratio
    assert [(one.what, one.ours, one.theirs) for one in stages] == [
        ("of it: checkout", (1.0, 1.5), (2.0, 1.0)),
        ("of it: swap", (3.0, 3.5), (48.0, 59.0)),
        ("of it: record", (0.5, 0.5), ()),
    ]


def test_a_pair_that_fails_takes_none_of_those_before_along(
    lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["pipeline", "--pairs", "3"])
    with pytest.raises(SystemExit, match="the run failed"):
        pipeline.main()
    assert figures(lines)[0].ours == (40.0, 44.0)
