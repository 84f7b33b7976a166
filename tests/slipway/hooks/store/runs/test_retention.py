from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs import retention
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


def test_what_a_failed_pull_request_built_goes_after_a_week_and_its_notes_stay(
    tmp_path: Path,
) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    for run, days in (("new", 6), ("old", 8)):
        stored(tmp_path, f"runs/{run}/test.json", 1)
        for name in ("0f.tar", "record.json"):
            stored(tmp_path, f"runs/{run}/built/{name}", days)
    assert list(forget_old_runs(store, NOW)) == ["runs/old/built"]
    assert store.keys("runs/old") == ["test.json"]
    assert store.keys("runs/new/built") == ["0f.tar", "record.json"]


def test_what_releases_are_made_of_stays_however_old_it_is(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    version = "1.4.0+42.g3f2a1b7"
    stays = [stored(tmp_path, f"built/shop/{version}/{n}", 4000) for n in ("0f.tar", "r.json")]
    stays += [stored(tmp_path, f"built/shop/1.4.0+43~pr{n}/0f.tar", 4000) for n in (8, 9)]
    # A catalogue that somebody filled by hand counts as well, also just after the look.
    stays += [stored(tmp_path, f"releases/shop/1.4.0+43~pr{n}.json", 4000) for n in (8, 9)]
    # From before builds had runs as their owners.
    goes = stored(tmp_path, "built/shop/1.4.0+43~pr7/0f.tar", 8)
    young = stored(tmp_path, "built/shop/1.4.0+44~topic/0f.tar", 6)
    assert list(forget_old_runs(store, NOW)) == ["built/shop/1.4.0+43~pr7"]
    assert not goes.exists()
    assert all(path.exists() for path in (*stays, young))


def test_a_build_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    stored(tmp_path, "runs/a/test.json", 1)
    half = tmp_path / "runs" / "a" / "built" / ".0f.tar.1234"
    half.parent.mkdir()
    half.write_bytes(b"half of it")
    assert list(forget_old_runs(ArtifactStore(tmp_path.as_uri()), NOW)) == []
    assert half.exists()


def test_whoever_is_killed_among_builds_goes_on_with_the_rest(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    for run in "ab":
        stored(tmp_path, f"runs/{run}/test.json", 1)
        stored(tmp_path, f"runs/{run}/built/0f.tar", 8)
    stored(tmp_path, "built/shop/1.0.0+1~pr7/0f.tar", 8)
    killed = forget_old_runs(store, NOW)
    assert next(killed) == "runs/a/built"
    assert list(forget_old_runs(store, NOW)) == ["runs/b/built", "built/shop/1.0.0+1~pr7"]


def test_more_runs_than_one_look_has_time_for_are_all_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in "abc":
        stored(tmp_path, f"runs/{run}/test.json", 91)
    monkeypatch.setattr(retention, "_PATIENCE", -1.0)
    store = ArtifactStore(tmp_path.as_uri())
    looks = [list(forget_old_runs(store, NOW)) for _ in range(5)]
    assert looks == [["runs/a"], ["runs/b"], ["runs/c"], [], []]
    stored(tmp_path, "runs/a/test.json", 91)
    assert list(forget_old_runs(store, NOW + timedelta(days=1))) == ["runs/a"]


def test_a_run_costs_one_look_however_much_it_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in range(9):
        stored(tmp_path, f"runs/new/{name}.json", 1)
    store, asked = ArtifactStore(tmp_path.as_uri()), list[str]()
    real = store.stored_in

    def counted(at: str) -> dict[str, datetime | None]:
        asked.append(at)
        return real(at)

    monkeypatch.setattr(store, "stored_in", counted)
    monkeypatch.setattr(store, "stored_at", lambda _: pytest.fail("a look for each"))
    assert list(forget_old_runs(store, NOW)) == []
    assert asked == ["runs/new"]
