"""What the benchmark of the whole pipeline tells of its pairs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import pipeline
from benchmarks.bench.figure import FILE, Figure
from include.demo.airflow_api import AirflowApi

if TYPE_CHECKING:
    import pytest

# Seconds of all, of its tasks, and of the script's stages.
PAIRS = [
    (40.0, {"checkout": 1.0, "swap": 3.0, "record": 0.5}, {"checkout": 2.0, "swap": 48.0}),
    (44.0, {"checkout": 1.5, "swap": 3.5, "record": 0.5}, {"checkout": 1.0, "swap": 59.0}),
]


def test_all_pairs_are_one_figure_and_each_stage_is_beside_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = iter(PAIRS)
    monkeypatch.setattr(AirflowApi, "wait_until_ready", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "_pair", lambda _: next(pairs))
    monkeypatch.setattr(sys, "argv", ["pipeline", "--pairs", "2"])
    monkeypatch.setenv(FILE, str(tmp_path / "lines"))
    pipeline.main()
    lines = (tmp_path / "lines").read_text().splitlines()
    whole, *stages = [Figure.model_validate_json(line) for line in lines]
    assert (whole.ours, whole.theirs) == ((40.0, 44.0), (50.0, 60.0))
    assert whole.met, whole.ratio
    assert [(one.what, one.ours, one.theirs) for one in stages] == [
        ("of it: checkout", (1.0, 1.5), (2.0, 1.0)),
        ("of it: swap", (3.0, 3.5), (48.0, 59.0)),
        ("of it: record", (0.5, 0.5), ()),
    ]
