"""A working copy is packed as a repository, wherever its own ``.git`` leads."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from include.cli.local.working_copy import local_pointers, packed

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "protocol.file.allow=always")
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1\n"


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *IDENTITY, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _repository(folder: Path, **files: str) -> Path:
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in {"a.txt": "a", ".gitignore": "out/\n", **files}.items():
        (folder / name).write_text(text)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", "First")
    _git(folder, "tag", "v1.0.0")
    return folder


def _unpacked(folder: Path, tmp_path: Path) -> Path:
    """Unpack it where none of the folders is that its ``.git`` may lead to."""
    away = tmp_path / "elsewhere"
    away.mkdir()
    with tarfile.open(fileobj=io.BytesIO(packed(folder))) as archive:
        archive.extractall(away, filter="fully_trusted")
    for other in tmp_path.iterdir():
        if other != away:
            other.rename(other.with_name(f"gone-{other.name}"))
    return away


@pytest.fixture
def main(tmp_path: Path) -> Path:
    return _repository(tmp_path / "main")


def _is_a_repository(copy: Path) -> bool:
    return _git(copy, "describe", "--tags") == "v1.0.0" and not _git(copy, "status", "--porcelain")


def test_a_linked_worktree_is_a_repository_in_the_container(main: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    _git(main, "worktree", "add", "--quiet", "-b", "feature", str(linked))
    copy = _unpacked(linked, tmp_path)
    assert _is_a_repository(copy)
    assert _git(copy, "branch", "--show-current") == "feature"
    _git(copy, "fsck", "--strict")


def test_a_worktree_of_a_bare_repository_is_one_as_well(main: Path, tmp_path: Path) -> None:
    bare, linked = tmp_path / "bare.git", tmp_path / "linked"
    _git(tmp_path, "clone", "--quiet", "--bare", str(main), str(bare))
    _git(bare, "worktree", "add", "--quiet", str(linked), "main")
    (linked / "a.txt").write_text("changed")
    copy = _unpacked(linked, tmp_path)
    assert _git(copy, "status", "--porcelain") == "M a.txt"
    assert _git(copy, "rev-parse", "--is-bare-repository") == "false"


@pytest.fixture
def parent(main: Path, tmp_path: Path) -> Path:
    parent = _repository(tmp_path / "parent")
    _git(parent, "submodule", "--quiet", "add", str(main), "lib")
    _git(parent, "commit", "--quiet", "-m", "Second")
    return parent


def test_the_checkout_of_a_submodule_is_a_repository(parent: Path, tmp_path: Path) -> None:
    assert _is_a_repository(_unpacked(parent / "lib", tmp_path))


def test_submodules_are_repositories_in_a_clone_and_in_a_worktree(
    parent: Path, tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    _git(parent, "worktree", "add", "--quiet", str(linked), "-b", "feature")
    _git(linked, "submodule", "--quiet", "update", "--init")
    for folder in (parent, linked):
        with tarfile.open(fileobj=io.BytesIO(packed(folder))) as archive:
            archive.extractall(tmp_path / f"copy-{folder.name}", filter="fully_trusted")
    for other in (parent, linked, tmp_path / "main"):
        other.rename(other.with_name(f"gone-{other.name}"))
    for name in ("parent", "linked"):
        copy = tmp_path / f"copy-{name}"
        assert _git(copy, "status", "--porcelain") == ""
        assert _is_a_repository(copy / "lib")


def test_a_submodule_is_packed_without_what_it_ignores_and_archived_without_its_repository(
    parent: Path,
) -> None:
    (parent / "lib" / "out").mkdir()
    (parent / "lib" / "out" / "x").write_text("x")
    (parent / "lib" / "new.txt").write_text("x")
    with tarfile.open(fileobj=io.BytesIO(packed(parent, as_archived=True))) as archive:
        names = [one.name for one in archive]
    assert sorted(names) == [
        ".gitignore",
        ".gitmodules",
        "a.txt",
        "lib",
        "lib/.gitignore",
        "lib/a.txt",
        "lib/new.txt",
    ]


def test_a_clone_that_borrows_objects_brings_them(main: Path, tmp_path: Path) -> None:
    clone, second = tmp_path / "clone", tmp_path / "second"
    _git(tmp_path, "clone", "--quiet", "--shared", str(main), str(clone))
    _git(tmp_path, "clone", "--quiet", "--shared", str(clone), str(second))
    assert _is_a_repository(_unpacked(second, tmp_path))


def test_a_link_in_place_of_the_repository_is_followed(main: Path, tmp_path: Path) -> None:
    (main / ".git").rename(tmp_path / "kept")
    (main / ".git").symlink_to("../kept")
    assert _is_a_repository(_unpacked(main, tmp_path))


def test_a_shallow_clone_stays_one(main: Path, tmp_path: Path) -> None:
    _git(main, "commit", "--quiet", "--allow-empty", "-m", "Second")
    clone, linked = tmp_path / "clone", tmp_path / "linked"
    _git(tmp_path, "clone", "--quiet", "--depth=1", main.as_uri(), str(clone))
    _git(clone, "worktree", "add", "--quiet", str(linked), "-b", "feature")
    assert _git(_unpacked(linked, tmp_path), "rev-list", "--count", "HEAD") == "1"


def test_a_hook_that_names_another_index_is_not_misled(
    main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _repository(tmp_path / "other", other="x")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    with tarfile.open(fileobj=io.BytesIO(packed(main, as_archived=True))) as archive:
        assert sorted(archive.getnames()) == [".gitignore", "a.txt"]


def test_names_that_are_not_utf_8_are_packed(main: Path) -> None:
    (main / "caf\udce9").write_text("x")
    with tarfile.open(fileobj=io.BytesIO(packed(main))) as archive:
        assert "caf\udce9" in archive.getnames()


def test_pointers_are_those_under_the_filter_and_in_submodules(parent: Path, main: Path) -> None:
    files = {
        ".gitattributes": "*.bin filter=lfs\nplain.bin -filter\n",
        "model.bin": POINTER,
        "plain.bin": POINTER,
        "doc.txt": POINTER,
        "real.bin": "as it is",
        "large.bin": POINTER * 20,
    }
    for folder in (parent, parent / "lib"):
        for name, text in files.items():
            (folder / name).write_text(text)
    assert local_pointers(parent) == ["model.bin", "lib/model.bin"]
    assert local_pointers(main) == []
