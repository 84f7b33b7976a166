"""What the benchmark of many pushes tells, and how it ends when one was lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.bench.figure import FILE, Figure
from benchmarks.pushes import __main__ as pushes


@pytest.mark.parametrize(("states", "lost"), [("success", 0), ("failed", 1)])
def test_each_pushs_share_stands_beside_one_after_the_other_and_who_was_lost_is_counted(
    states: str, lost: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def memory() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(before=1000.0, peak=3000.0)

    ended = iter(["success", states])
    monkeypatch.setattr(pushes, "memory", memory)
    monkeypatch.setattr(pushes, "_push", lambda tree: f"sha of {tree}")
    monkeypatch.setattr(pushes, "_wait_for_builds", lambda *_: None)
    monkeypatch.setattr(pushes, "_swap", lambda *_: {"launch": 2.0, "healthy": 6.0})
    monkeypatch.setattr(pushes, "_end", lambda *_: next(ended))
    monkeypatch.setenv(FILE, str(tmp_path / "lines"))
    trees: Any = {"push-01": "one", "push-02": "two"}
    api: Any = None
    assert pushes._at_once(api, trees, [30.0, 50.0], {"launch": 1.0, "healthy": 1.0}) == lost
    lines = (tmp_path / "lines").read_text().splitlines()
    share, failed, used, waits = [Figure.model_validate_json(line) for line in lines]
    assert share.theirs == (30.0, 50.0)
    assert share.label == "pushes at once, each push's share, 2 pushes"
    assert (failed.ours, failed.met) == ((float(lost),), not lost)
    assert (used.ours, used.theirs) == ((3000.0,), (1000.0,))
    assert (waits.ours, waits.theirs, waits.ratio) == ((2.0, 6.0), (1.0, 1.0), 4.0)
