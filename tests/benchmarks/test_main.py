"""``make bench`` measures what it was asked for, and goes on where one cannot begin."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as bench
from benchmarks.bench import result as results
from benchmarks.bench.catalogue import ALL, Benchmark
from include.demo import processes


def test_all_are_chosen_or_those_that_are_named_in_the_lists_order() -> None:
    assert bench.chosen("") == list(ALL)
    assert [one.name for one in bench.chosen(" apt,steps,")] == ["steps", "apt"]


def test_an_unknown_name_is_refused_with_the_nearest_before_anything_is_measured() -> None:
    with pytest.raises(SystemExit) as ended:
        bench.chosen("steps,comiling")
    said = "BENCH_ONLY: there is no benchmark 'comiling'; did you mean 'compiling'?"
    assert ended.value.code == said


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """No demo runs, and none can be started; what was asked of it."""
    asked: list[list[str]] = []

    def run(argv: list[str], **_: object) -> SimpleNamespace:
        asked.append(argv[1:])
        return SimpleNamespace(returncode=0 if argv[-1] == "down" else 2)

    monkeypatch.setattr(processes, "alive", lambda _: False)
    monkeypatch.setattr(bench, "subprocess", SimpleNamespace(run=run))
    return asked


def test_without_a_demo_those_that_stand_on_it_are_not_measured_and_the_rest_is(
    tmp_path: Path,
    demo: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = "from benchmarks.bench.figure import record; record('x', [1])"
    monkeypatch.setattr(bench, "_commands", lambda *_: [[sys.executable, "-c", code]])
    asked = [Benchmark(name="alone", about="one"), Benchmark(name="on", about="two", demo=True)]
    alone, on = bench._measure(asked, tmp_path, small=True)
    assert [one.what for one in alone.figures] == ["x"]
    assert on.failures == ("not measured: the demo ended with exit code 2",)
    assert results.load("on", tmp_path) == on
    assert demo == [["-m", "include.demo"], ["-m", "include.demo", "down"]]
    said = capsys.readouterr().out
    assert "[1/2] alone: one" in said
    assert "[2/2] on: two" in said


def test_a_demo_that_nobody_needs_is_not_started_and_one_that_ran_before_stays(
    tmp_path: Path, demo: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_commands", lambda *_: [])
    bench._measure([Benchmark(name="alone", about="one")], tmp_path, small=False)
    assert demo == []
    monkeypatch.setattr(processes, "alive", lambda _: True)
    bench._measure([Benchmark(name="on", about="two", demo=True)], tmp_path, small=False)
    assert demo == []


def test_a_benchmark_is_called_with_each_of_its_goes_or_as_small_as_it_can_be() -> None:
    one = Benchmark(name="swap", about="x", goes=("--start 5", "--start 0"), small="--swaps 1")
    program = [sys.executable, "-m", "benchmarks.swap"]
    assert bench._commands(one, small=False) == [
        [*program, "--start", "5"],
        [*program, "--start", "0"],
    ]
    assert bench._commands(one, small=True) == [[*program, "--swaps", "1"]]


def test_the_page_alone_can_be_written_once_more_and_a_try_stays_out_of_the_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_SLIPWAY", tmp_path)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "page"])
    monkeypatch.setenv("BENCH_SMALL", "1")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert bench.main() == 0
    written = tmp_path / "bench-small" / "page" / "README.md"
    assert capsys.readouterr().out == f"written: {written}\n"
    assert written.read_text().startswith("# Benchmarks\n")
