from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.retention import forget_old_runs

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def stored(root: Path, key: str, days: float) -> Path:
    ArtifactStore(root.as_uri()).put_json(key, {})
    at = (NOW - timedelta(days=days)).timestamp()
    os.utime(root / key, (at, at))
    return root / key


def test_what_a_run_signed_goes_when_nothing_was_signed_in_it_for_90_days(tmp_path: Path) -> None:
    old = [stored(tmp_path, f"runs/old/{name}.json", 91) for name in ("test", "swap/begun")]
    going_on = [stored(tmp_path, "runs/b/test.json", 200), stored(tmp_path, "runs/b/x.json", 89)]
    approval = stored(tmp_path, "approvals/shop/prod/runs/a/answer.json", 400)
    store = ArtifactStore(tmp_path.as_uri())
    assert list(forget_old_runs(store, NOW)) == ["runs/old"]
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in (*going_on, approval))


def test_it_is_looked_for_once_a_day(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    assert list(forget_old_runs(store, NOW)) == []
    stored(tmp_path, "runs/old/test.json", 91)
    assert list(forget_old_runs(store, NOW + timedelta(hours=1))) == []
    assert list(forget_old_runs(store, NOW + timedelta(days=1))) == ["runs/old"]


def test_a_try_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    for run in "ab":
        stored(tmp_path, f"runs/{run}/test.json", 91)
    killed = forget_old_runs(store, NOW)
    assert next(killed) == "runs/a"
    assert list(forget_old_runs(store, NOW)) == ["runs/b"]
