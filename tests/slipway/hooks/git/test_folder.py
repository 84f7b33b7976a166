from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import MirrorsUnsafe
from slipway.hooks.git.folder import mirror_path, own_folder
from slipway.hooks.git.mirror import GitMirror
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_the_workers_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert _mode(own_folder(tmp_path / "deep" / "mirrors")) == 0o700
    finally:
        os.umask(before)


def test_a_folder_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    root = tmp_path / "mirrors"
    root.mkdir(mode=0o755)
    assert _mode(own_folder(root)) == 0o700


def test_a_link_that_somebody_put_there_is_refused(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mirrors").symlink_to(tmp_path / "elsewhere")
    repository.commit()
    with pytest.raises(MirrorsUnsafe, match="is a link"):
        GitMirror(url=repository.url, root=tmp_path / "mirrors").find("main")
    with pytest.raises(MirrorsUnsafe, match="is a link"):
        GitMirror(url=repository.url, root=tmp_path / "mirrors").head("main")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mirrors").write_text("")
    with pytest.raises(MirrorsUnsafe):
        own_folder(tmp_path / "mirrors")


def test_a_folder_of_somebody_elses_is_refused_with_all_that_it_holds(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repository.commit(readme="x")
    mirror = GitMirror(url=repository.url, root=tmp_path / "mirrors")
    mirror.find("main")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(MirrorsUnsafe, match="belongs to user"):
        mirror.read(sha, "readme")
    with pytest.raises(MirrorsUnsafe, match="belongs to user"):
        mirror.find("main")


def test_the_mirror_that_all_readers_shared_goes(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    root = tmp_path / "mirrors"
    shared = root / f"{hashlib.sha256(repository.url.encode()).hexdigest()[:16]}.git"
    (shared / "objects").mkdir(parents=True)
    other = root / "0123456789abcdef.git"
    other.mkdir()
    GitMirror(url=repository.url, root=root).find("main")
    assert not shared.exists()
    assert other.exists()


def test_no_url_and_reader_look_like_another_pair(tmp_path: Path) -> None:
    paths = {
        mirror_path(tmp_path, url, identity)
        for url, identity in [("u", ""), ("u", "a"), ("ua", ""), ("u", "b")]
    }
    assert len(paths) == 4
