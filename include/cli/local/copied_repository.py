"""The ``.git`` of a working copy whose own one leads elsewhere, made whole.

A linked worktree and a submodule have a file in its place, which names a folder outside; a clone
that borrows another one's objects names that one's. A container has neither.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from include.cli.local.git import local_git

_ALTERNATES = Path("objects", "info", "alternates")
# What is of one worktree alone, or of the repository's other ones.
_OF_ONE = frozenset(
    {
        "HEAD",
        "index",
        "config.worktree",
        "ORIG_HEAD",
        "FETCH_HEAD",
        "worktrees",
        "modules",
        "commondir",
        "gitdir",
        "config",
        "locked",
    }
)
_SKIPPED = frozenset({"worktrees", "modules", "commondir", "gitdir", "config", "locked"})
# Repositories that borrow from each other.
_DEEPEST = 5
Filter = Callable[[tarfile.TarInfo], tarfile.TarInfo | None]


def is_whole(folder: Path, top: Path | None = None) -> bool:
    """Tell whether a working copy's ``.git`` can be packed as it is.

    :param folder: the working copy, or a submodule's.
    :param top: of a submodule, the ``.git`` that is packed with it.
    """
    git = folder / ".git"
    if git.is_symlink():
        return False
    if git.is_dir():
        return not (git / _ALTERNATES).exists()
    leads = git.read_text(errors="replace").removeprefix("gitdir:").strip()
    if top is None or Path(leads).is_absolute():
        return False
    place = (folder / leads).resolve()
    return place.is_relative_to(top.resolve()) and not (place / _ALTERNATES).exists()


def add_whole(archive: tarfile.TarFile, folder: Path, prefix: str, change: Filter) -> None:
    """Add a ``.git`` with all that a working copy's one leads to.

    :param archive: open for writing.
    :param folder: the working copy.
    :param prefix: of the working copy in the archive, with its slash.
    :param change: is asked about each member.
    """
    own = Path(local_git(folder, "rev-parse", "--absolute-git-dir"))
    shared = (folder / local_git(folder, "rev-parse", "--git-common-dir")).resolve()
    at = f"{prefix}.git"
    archive.add(shared, arcname=at, recursive=False, filter=change)
    for entry in sorted(shared.iterdir()):
        if entry.name not in (_SKIPPED if own == shared else _OF_ONE):
            archive.add(entry, arcname=f"{at}/{entry.name}", filter=_unborrowed(change))
    for entry in sorted(own.iterdir()) if own != shared else ():
        if entry.name not in _SKIPPED:
            archive.add(entry, arcname=f"{at}/{entry.name}", filter=change)
    _add_borrowed(archive, shared / "objects", f"{at}/objects", change)
    _add_settings(archive, shared / "config", f"{at}/config", change)


def _unborrowed(change: Filter) -> Filter:
    def changed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if member.name.endswith(f".git/{_ALTERNATES}") else change(member)

    return changed


def _add_borrowed(
    archive: tarfile.TarFile, objects: Path, at: str, change: Filter, depth: int = 0
) -> None:
    """Add the objects of the repositories that one borrows from."""
    listed = objects / "info" / "alternates"
    if depth == _DEEPEST or not listed.is_file():
        return
    for line in listed.read_text(errors="surrogateescape").splitlines():
        other = (objects / line).resolve()
        for entry in sorted(other.iterdir()) if line and other.is_dir() else ():
            if entry.name != "info":
                archive.add(entry, arcname=f"{at}/{entry.name}", filter=change)
        _add_borrowed(archive, other, at, change, depth + 1)


def _add_settings(archive: tarfile.TarFile, file: Path, at: str, change: Filter) -> None:
    """Add the settings, without those that say where the working copy is."""
    with tempfile.TemporaryDirectory(prefix="slipway-settings-") as folder:
        copy = Path(folder) / "config"
        shutil.copyfile(file, copy)
        for words in (("--unset-all", "core.worktree"), ("core.bare", "false")):
            subprocess.run(  # noqa: S603 - constant words; the settings are the person's own
                ["git", "config", "--file", str(copy), *words],  # noqa: S607
                check=False,
                capture_output=True,
            )
        member = change(tarfile.TarInfo(at))
        if member is not None:
            content = copy.read_bytes()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
