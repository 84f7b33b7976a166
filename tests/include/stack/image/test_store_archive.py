"""The artifact store goes into a backup whole, and comes back without undoing what is newer."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from include.stack.image.store_archive import read_in, write_out
from slipway.exceptions import ArtifactKeyRefused

RELEASE = "releases/guestbook/1.0.0.json"


def _store(folder: Path, **more: bytes) -> str:
    files = {RELEASE: b"{}", "packages/a.deb": b"\0" * 5000, "empty": b"", **more}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return f"file://{folder}"


def _archived(root: str) -> io.BytesIO:
    archive = io.BytesIO()
    write_out(root, archive)
    archive.seek(0)
    return archive


def _content(folder: Path) -> dict[str, bytes]:
    files = [one for one in folder.rglob("*") if one.is_file()]
    return {str(one.relative_to(folder)): one.read_bytes() for one in files}


def test_what_was_lost_comes_back_byte_for_byte(tmp_path: Path) -> None:
    archive = _archived(_store(tmp_path / "old"))
    assert read_in(f"file://{tmp_path / 'new'}", archive) == (3, 0)
    assert _content(tmp_path / "new") == _content(tmp_path / "old")


def test_a_deployment_noted_since_the_backup_is_not_undone(tmp_path: Path) -> None:
    root = _store(tmp_path / "store")
    archive = _archived(root)
    (tmp_path / "store" / RELEASE).write_bytes(b'{"newer": true}')
    (tmp_path / "store" / "empty").unlink()
    assert read_in(root, archive) == (1, 2)
    assert (tmp_path / "store" / RELEASE).read_bytes() == b'{"newer": true}'


def test_an_interrupted_restore_is_gone_on_with(tmp_path: Path) -> None:
    archive = _archived(_store(tmp_path / "old"))
    half = io.BytesIO(archive.getvalue()[:2048])
    with pytest.raises(tarfile.ReadError):
        read_in(f"file://{tmp_path / 'new'}", half)
    assert read_in(f"file://{tmp_path / 'new'}", archive)[0] > 0
    assert _content(tmp_path / "new") == _content(tmp_path / "old")


def test_an_archive_cannot_write_beside_the_store(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../beside"))
    archive.seek(0)
    with pytest.raises(ArtifactKeyRefused, match="is no key"):
        read_in(f"file://{tmp_path / 'store'}", archive)
    assert not (tmp_path / "beside").exists()
