"""Benchmarks that fail or hang leave what they measured, and why the rest is missing."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import result as results
from benchmarks.bench.measure import measure, not_measured

RUN = datetime(2026, 11, 27, tzinfo=UTC)
RECORD = "from benchmarks.bench.figure import record; record('x', [{}]);"


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_is_measured_is_kept_with_its_origin_and_reads_back(tmp_path: Path) -> None:
    found = measure("it", [program(RECORD.format(1.5))], folder=tmp_path, run=RUN)
    assert [one.ours for one in found.figures] == [(1.5,)]
    assert found.failures == ()
    assert found.origin.cores == os.cpu_count()
    assert found.origin.memory > 0
    assert results.load("it", tmp_path) == found
    assert "x: 1.50 s" in (tmp_path / "it.log").read_text()
    assert not (tmp_path / "it.jsonl").exists()


def test_a_go_that_fails_keeps_none_from_the_next_and_says_its_exit_code(tmp_path: Path) -> None:
    goes = [
        program("import sys; print('before'); sys.exit('no such image')"),
        program(RECORD.format(1) + "raise SystemExit(3)"),
        program(RECORD.format(2)),
    ]
    found = measure("it", goes, folder=tmp_path, run=RUN)
    assert [one.ours for one in found.figures] == [(1.0,), (2.0,)]
    first, second = found.failures
    assert first.endswith("not measured: exit code 1: no such image")
    assert "not measured to its end: exit code 3" in second


def test_one_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    shell = ["sh", "-c", f"sleep 600 & echo $! > {pids}; wait"]
    found = measure("it", [shell], folder=tmp_path, run=RUN, patience=3)
    assert "not measured: took longer than 3 s" in found.failures[0]
    assert pids.exists()
    assert not _runs(int(pids.read_text()))


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_what_an_earlier_run_measured_is_gone_before_the_next_begins(tmp_path: Path) -> None:
    measure("it", [program(RECORD.format(1))], folder=tmp_path, run=RUN)
    found = measure("it", [program("raise SystemExit(1)")], folder=tmp_path, run=RUN)
    assert found.figures == ()
    assert results.load("it", tmp_path) == found


def test_what_could_not_begin_is_kept_as_not_measured(tmp_path: Path) -> None:
    found = not_measured("it", "no demo", folder=tmp_path, run=RUN)
    assert found.failures == ("not measured: no demo",)
    assert results.load("it", tmp_path) == found
    assert results.load("another", tmp_path) is None
