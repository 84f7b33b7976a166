"""Bytes under keys: whole or not at all, and once where that is asked for."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile

from slipway.exceptions import ArtifactKeyRefused
from slipway.hooks.store.artifacts import ArtifactStore


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "file":
        return ArtifactStore(tmp_path.as_uri())
    attach("memory", fs=MemoryFileSystem())  # stands for a bucket
    return ArtifactStore(f"memory://{tmp_path.name}")


def test_of_two_writers_one_is_told_no(store: ArtifactStore) -> None:
    assert store.put_new("a/b.json", b"1")
    assert not store.put_new("a/b.json", b"2")
    assert store.get("a/b.json") == b"1"
    assert store.keys("a") == ["b.json"]


def test_of_many_writers_at_once_one_wins(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: store.put_new("one", str(number).encode()), range(40)))
    assert won.count(True) == 1
    assert store.get("one") == str(won.index(True)).encode()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_many_writers_of_one_key_do_not_stumble_over_each_other(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put("one", str(number).encode() * 1000), range(80)))
    assert len(set(store.get("one") or b"")) <= 2
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_what_is_gone_may_be_deleted_again(store: ArtifactStore) -> None:
    store.put("a", b"1")
    store.delete("a")
    store.delete("a")
    assert store.get("a") is None


def test_a_file_is_stored_and_read_in_pieces(store: ArtifactStore) -> None:
    data = bytes(range(256)) * 40_000
    store.put_file("a/large.tar", io.BytesIO(data))
    pieces = list(store.pieces("a/large.tar"))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 4 << 20
    assert len(pieces) > 1
    assert list(store.pieces("a/none")) == []
    assert store.keys("a") == ["large.tar"]


class Broken(io.BytesIO):
    """A file that cannot be read to its end."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            msg = "gone"
            raise OSError(msg)
        return super().read(size)


def test_a_file_that_breaks_off_is_not_stored_at_all(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    store.put("a/b", b"before")
    with pytest.raises(OSError, match="gone"):
        store.put_file("a/b", Broken(b"x" * (9 << 20)))
    assert store.get("a/b") == b"before"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_an_upload_that_breaks_off_is_never_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket's file would take what it has for the whole when it is closed."""
    remote = create_autospec(AbstractBufferedFile, instance=True)
    remote.__enter__.return_value = remote
    opened = create_autospec(MemoryFileSystem.open, return_value=remote)
    monkeypatch.setattr(MemoryFileSystem, "open", opened)
    attach("memory", fs=MemoryFileSystem())
    store = ArtifactStore(f"memory://{tmp_path.name}")
    with pytest.raises(OSError, match="gone"):
        store.put_file("a", Broken(b"x" * (9 << 20)))
    assert opened.call_args.kwargs == {"autocommit": False}
    assert (remote.discard.called, remote.commit.called) == (True, False)
    store.put_file("a", io.BytesIO(b"x"))
    assert remote.commit.called


@pytest.mark.parametrize(
    "key",
    [
        "deb/shop/1/shop_1_x/../../../../evil.deb",
        "../evil",
        "a/..",
        "a/./b",
        "a//b",
        "/etc/evil",
        "a/",
        "",
        ".",
        "..",
        "file:///etc/evil",
        "a\0b",
    ],
)
def test_no_key_leads_out_of_the_stores_place(store: ArtifactStore, key: str) -> None:
    for call in (
        lambda: store.put(key, b"x"),
        lambda: store.put_new(key, b"x"),
        lambda: store.put_json(key, 1),
        lambda: store.put_new_json(key, 1),
        lambda: store.get(key),
        lambda: store.get_json(key),
        lambda: store.delete(key),
        lambda: store.delete_all(key),
        lambda: store.stored_at(key),
        lambda: store.keys(key),
    ):
        with pytest.raises(ArtifactKeyRefused, match="is no key"):
            call()


def test_a_size_is_that_of_all_below(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    store.put("runs/a/one", b"x" * 10)
    store.put("runs/a/b/two", b"x" * 5)
    assert [store.size(key) for key in ("runs/a", "runs/a/one", "runs/none")] == [15, 10, 0]


def test_one_look_says_when_each_was_stored(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    store.put("runs/a/one", b"x")
    store.put("runs/a/b/two", b"x")
    found = store.stored_in("runs/a")
    assert found == {"one": store.stored_at("runs/a/one"), "b": None}
    assert store.stored_in("runs/none") == {}
