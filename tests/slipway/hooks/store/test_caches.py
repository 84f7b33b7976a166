"""Caches in the artifact store: whole, signed, apart from each other, and gone in time."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.store import cache_retention
from slipway.hooks.store import caches as kept
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.cache_retention import retire_caches
from slipway.hooks.store.caches import Caches, key_of
from slipway.model.cache import CacheLimits, CacheScopes
from tests.slipway.pipeline.built.tars import packed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN = CacheScopes(read=("delivered",), written="delivered")
TAR = packed("node_modules/left-pad", b"x" * 5000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> ArtifactStore:
    return ArtifactStore(f"file://{root}")


class Case:
    """One run's caches, and what they said."""

    def __init__(self, store: ArtifactStore, scopes: CacheScopes = OWN, **more: Any) -> None:
        self.log: list[str] = []
        now = more.pop("now", NOW)
        keys = more.pop("keys", {"node_modules": key_of({"package-lock.json": b"1"})})
        self.caches = Caches(
            store,
            project=more.pop("project", "shop"),
            scopes=scopes,
            keys=keys,
            commit="c" * 40,
            say=self.log.append,
            clock=lambda: now,
        )

    def keep(self, tar: bytes = TAR, pipeline: str = "default") -> None:
        self.caches.keep(pipeline, "node_modules", iter(_pieces(tar)))

    def find(self, pipeline: str = "default") -> bytes | None:
        found = self.caches.find(pipeline, "node_modules")
        if found is None:
            return None
        with found:
            return found.read()


def _pieces(data: bytes) -> Iterator[bytes]:
    file = io.BytesIO(data)
    while piece := file.read(700):
        yield piece


def test_what_one_run_keeps_the_next_begins_with(store: ArtifactStore) -> None:
    first = Case(store)
    assert first.find() is None
    first.keep()
    assert first.log[0].endswith("nothing is kept yet for this state of its key files")
    assert "0.0 MiB kept" in first.log[1]
    second = Case(store, now=NOW + timedelta(hours=3))
    assert second.find() == TAR
    assert second.log == ["cache node_modules: 0.0 MiB, kept 3.0 h ago by ccccccc"]


@pytest.mark.parametrize(
    "other",
    [
        {"keys": {"node_modules": key_of({"package-lock.json": b"2"})}},
        {"keys": {"node_modules": key_of({"package-lock.json": b"1", "x": b""})}},
        {"keys": {"node_modules": key_of({"other.json": b"1"})}},
        {"project": "shop-2"},
        {"scopes": CacheScopes(read=("pull-1",), written="pull-1")},
    ],
)
def test_another_state_project_or_scope_finds_nothing(
    store: ArtifactStore, other: dict[str, Any]
) -> None:
    Case(store).keep()
    assert Case(store, **other).find() is None


def test_another_pipeline_of_the_file_finds_nothing(store: ArtifactStore) -> None:
    Case(store).keep(pipeline="node")
    assert Case(store).find(pipeline="go") is None


def test_a_pull_request_begins_with_what_is_delivered_and_changes_none_of_it(
    store: ArtifactStore,
) -> None:
    Case(store).keep()
    own = CacheScopes(read=("pull-1", "delivered"), written="pull-1")
    proposal = Case(store, own)
    assert proposal.find() == TAR
    poison = packed("node_modules/left-pad", b"poison")
    proposal.keep(poison)
    assert Case(store, own).find() == poison
    assert Case(store).find() == TAR


def test_a_fork_keeps_nothing(store: ArtifactStore, root: Path) -> None:
    Case(store).keep()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    fork = Case(store, CacheScopes(read=("delivered",)), now=NOW + timedelta(days=5))
    assert fork.find() == TAR
    fork.keep(packed("node_modules/left-pad", b"poison"))
    assert fork.log[-1].endswith("not kept, runs of this kind only read")
    after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert after == before


def _contents(root: Path) -> list[Path]:
    return sorted(root.rglob("*.tar"))


def _damage(root: Path, how: str) -> None:
    [content] = _contents(root)
    [record] = root.rglob("*.json")
    if how == "truncated":
        content.write_bytes(content.read_bytes()[:-2000])
    elif how == "one byte":
        data = bytearray(content.read_bytes())
        data[600] ^= 1
        content.write_bytes(bytes(data))
    elif how == "emptied":
        content.write_bytes(b"")
    elif how == "gone":
        content.unlink()
    elif how == "another's record":
        fields = json.loads(record.read_text())
        record.write_text(json.dumps({**fields, "sha256": "0" * 64}))
    elif how == "unsigned record":
        record.write_text(json.dumps({"sha256": "0" * 64, "size": 1}))
    else:
        record.write_text("{")


@pytest.mark.parametrize(
    "how",
    [
        "truncated",
        "one byte",
        "emptied",
        "gone",
        "another's record",
        "unsigned record",
        "no record at all",
    ],
)
def test_what_is_damaged_or_forged_is_a_miss(store: ArtifactStore, root: Path, how: str) -> None:
    Case(store).keep()
    _damage(root, how)
    second = Case(store)
    assert second.find() is None
    assert len(second.log) >= 1
    second.keep()
    assert Case(store).find() == TAR


def test_a_record_does_not_count_in_another_place(store: ArtifactStore, root: Path) -> None:
    """A pull request's cache is copied over by somebody who can write the bucket."""
    own = CacheScopes(read=("pull-1",), written="pull-1")
    Case(store, own).keep(packed("node_modules/left-pad", b"poison"))
    (root / "caches/shop/pull-1").rename(root / "caches/shop/delivered")
    assert Case(store).find() is None


@pytest.mark.parametrize("tar", [TAR[:5000], TAR[:700], b""])
def test_what_breaks_off_is_not_kept(store: ArtifactStore, root: Path, tar: bytes) -> None:
    first = Case(store)
    first.keep(tar)
    assert "broke off" in first.log[-1]
    assert not root.exists() or _contents(root) == []


def test_what_is_too_large_is_not_kept(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST", 5000)
    first = Case(store)
    first.keep()
    assert "larger than" in first.log[-1]
    assert Case(store).find() is None


def test_a_store_that_is_away_costs_a_line_and_not_the_run(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Case(store).keep()

    def away(*_: object) -> None:
        msg = "no route to the bucket"
        raise OSError(msg)

    for method in ("get_json", "put_file", "pieces", "put_json"):
        monkeypatch.setattr(ArtifactStore, method, away)
    run = Case(store)
    assert run.find() is None
    run.keep()
    assert all("no route to the bucket" in line for line in (run.log[0], run.log[-1]))


def test_a_killed_writer_leaves_nothing_that_is_found(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ArtifactStore, "put_json", _killed)
        with pytest.raises(KeyboardInterrupt):
            Case(store).keep()
    assert Case(store).find() is None
    Case(store).keep()
    assert Case(store).find() == TAR


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_of_two_at_once_each_leaves_something_whole(store: ArtifactStore) -> None:
    tars = [packed("node_modules/left-pad", bytes([number]) * 90_000) for number in range(8)]
    threads = [threading.Thread(target=Case(store).keep, args=(tar,)) for tar in tars]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Case(store).find() in tars


def test_what_could_not_be_unpacked_is_forgotten(store: ArtifactStore) -> None:
    Case(store).keep()
    run = Case(store)
    assert run.find() == TAR
    run.caches.spoil("default", "node_modules")
    assert Case(store).find() is None


# Retention

LIMITS = CacheLimits(unused=timedelta(days=14), size=1 << 30)


def test_what_is_used_stays_and_what_is_not_goes(store: ArtifactStore, root: Path) -> None:
    Case(store).keep()
    for day in (10, 20, 30):
        assert Case(store, now=NOW + timedelta(days=day)).find() == TAR
        assert list(retire_caches(store, {"shop": LIMITS}, NOW + timedelta(days=day))) == []
    [gone] = retire_caches(store, {"shop": LIMITS}, NOW + timedelta(days=45))
    assert gone.endswith(".json")
    assert _contents(root) == []


def test_the_least_used_go_first_where_there_is_too_much(store: ArtifactStore) -> None:
    for number in range(4):
        keys = {"node_modules": key_of({"package-lock.json": b"%d" % number})}
        Case(store, keys=keys, now=NOW + timedelta(days=number)).keep()
    limits = CacheLimits(size=2 * len(TAR))
    assert len(list(retire_caches(store, {"shop": limits}, NOW + timedelta(days=4)))) == 2
    keys = {"node_modules": key_of({"package-lock.json": b"3"})}
    assert Case(store, keys=keys).find() == TAR


def test_a_project_that_is_here_no_more_is_tidied_too(store: ArtifactStore, root: Path) -> None:
    Case(store, project="gone").keep()
    assert len(list(retire_caches(store, {}, NOW + timedelta(days=15)))) == 1
    assert _contents(root) == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_housekeeping_that_is_killed_goes_on(
    store: ArtifactStore, root: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    for number in range(2):
        Case(store, keys={"node_modules": key_of({"x": b"%d" % number})}).keep()
    delete, left = ArtifactStore.delete, [times]

    def dying(self: ArtifactStore, key: str) -> None:
        delete(self, key)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    later = datetime.now(UTC) + timedelta(days=60)
    with monkeypatch.context() as patch:
        patch.setattr(ArtifactStore, "delete", dying)
        with pytest.raises(KeyboardInterrupt):
            list(retire_caches(store, {"shop": LIMITS}, later))
    list(retire_caches(store, {"shop": LIMITS}, later))
    assert [path for path in (root / "caches").rglob("*") if path.is_file()] == []


def test_bytes_that_are_just_being_kept_are_left_alone(store: ArtifactStore, root: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArtifactStore, "put_json", _killed)
        with pytest.raises(KeyboardInterrupt):
            Case(store).keep()
    now = datetime.now(UTC)
    list(retire_caches(store, {"shop": LIMITS}, now))
    assert len(_contents(root)) == 1
    list(retire_caches(store, {"shop": LIMITS}, now + timedelta(days=2)))
    assert _contents(root) == []


def test_it_is_looked_through_once_an_hour(store: ArtifactStore) -> None:
    Case(store).keep()
    later = NOW + timedelta(days=1)
    list(retire_caches(store, {"shop": LIMITS}, later))
    assert list(retire_caches(store, {"shop": CacheLimits(size=1)}, later)) == []
    after = later + timedelta(hours=1)
    assert len(list(retire_caches(store, {"shop": CacheLimits(size=1)}, after))) == 1


def test_of_many_projects_each_has_its_turn(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        Case(store, project=name).keep()
    monkeypatch.setattr(cache_retention, "_PATIENCE", -1.0)
    later = datetime.now(UTC) + timedelta(days=60)
    looks = [[at.split("/")[1] for at in retire_caches(store, {}, later)] for _ in range(3)]
    assert looks == [["a"], ["b"], ["c"]]
