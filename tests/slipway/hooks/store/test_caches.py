"""Caches in the artifact store: whole, signed, apart from each other, and gone in time."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from slipway.hooks.store import caches as kept
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.caches import key_of
from slipway.model.cache import CacheScopes
from tests.slipway.hooks.store.caches import cases
from tests.slipway.hooks.store.caches.cases import NOW, TAR, Case, contents, killed
from tests.slipway.pipeline.built.tars import packed

if TYPE_CHECKING:
    from pathlib import Path

root, store = cases.root, cases.store


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


def _damage(root: Path, how: str) -> None:
    [content] = contents(root)
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
    assert not root.exists() or contents(root) == []


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
        patch.setattr(ArtifactStore, "put_json", killed)
        with pytest.raises(KeyboardInterrupt):
            Case(store).keep()
    assert Case(store).find() is None
    Case(store).keep()
    assert Case(store).find() == TAR


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
