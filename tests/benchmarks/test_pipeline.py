"""What the benchmark of the whole pipeline tells of its pairs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pytest

from benchmarks import pipeline
from benchmarks.bench.figure import FILE, Figure
from include.demo.airflow_api import AirflowApi, TaskState
from include.demo.guestbook_repository import GuestbookRepository

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
    monkeypatch.setattr(pipeline, "let_pushes_through", lambda _: None)
    monkeypatch.setattr(pipeline, "_push", lambda _: ("a" * 40, []))
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


def task(name: str, state: str, seconds: float | None) -> TaskState:
    return TaskState(task=name, state=state, seconds=seconds, started=None)


def test_a_push_that_is_held_and_deployed_nowhere_is_no_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = [task("checkout", "success", 1.0), task("swap.soak", "skipped", None)]
    monkeypatch.setattr(pipeline, "follow", lambda *_, **__: held)
    monkeypatch.setattr(GuestbookRepository, "push_again", lambda *_: "a" * 40)
    with pytest.raises(SystemExit, match=f"{'a' * 40} was deployed nowhere"):
        pipeline._pair(mock.create_autospec(AirflowApi, instance=True))


def test_the_runs_end_is_the_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is retired afterwards, and each pause before it, counts for neither."""
    soak = TaskState(
        task="swap.soak", state="success", seconds=5.0, started="2026-01-01T00:00:40+00:00"
    )
    tasks = [soak, task("swap.retire_old", "success", 30.0)]
    monkeypatch.setattr(pipeline, "follow", lambda *_, **__: tasks)
    monkeypatch.setattr(GuestbookRepository, "push_again", lambda *_: "a" * 40)
    monkeypatch.setattr(pipeline, "_script", lambda _: {"soak": 5.0})
    began = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    monkeypatch.setattr("benchmarks.pipeline.time.time", lambda: began)
    ours, *_ = pipeline._pair(mock.create_autospec(AirflowApi, instance=True))
    assert ours == 45.0


def test_what_a_way_back_holds_is_let_through_or_nothing_is_measured() -> None:
    api = mock.create_autospec(AirflowApi, instance=True)
    api.trigger.return_value = "manual__1"
    api.end_of.return_value = "success"
    pipeline.let_pushes_through(api)
    dag_id, conf = api.trigger.call_args.args
    assert (dag_id, conf["action"], conf["environment"]) == ("controls", "resume", "dev")
    api.end_of.return_value = "failed"
    with pytest.raises(SystemExit, match="which lets pushes deploy again: failed"):
        pipeline.let_pushes_through(api)
