"""A folder on this machine, as if it had been checked out."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from include.cli.local.copied_repository import add_whole, is_whole
from include.cli.local.git import local_git
from include.cli.local.pointers import pointers_of
from slipway.hooks.git.commit_version import version_of
from slipway.model.container import NoSuchThing
from slipway.model.facts import Checkout, Release

_NO_COMMIT = "0" * 40
# Bytes that are read at once.
_CHUNK = 1 << 16


def checkout_of(folder: Path, *, branch: str = "", tag: str = "") -> Checkout:
    """Describe a working copy: its newest commit, or nothing in particular outside git.

    :param folder: the working copy.
    :param branch: in place of the one that is checked out.
    :param tag: as if this tag had been pushed.
    """
    layout = "%H%x00%P%x00%an%x00%ae%x00%ct%x00%B"
    shown = local_git(folder, "show", "-s", f"--format={layout}", "HEAD")
    shown = os.fsencode(shown).decode(errors="replace")
    fields = shown.split("\0", 5) if shown else [_NO_COMMIT, "", "nobody", "", "0", ""]
    current = branch or local_git(folder, "symbolic-ref", "--short", "-q", "HEAD") or "main"
    url = local_git(folder, "remote", "get-url", "origin") or f"file://{folder.resolve()}"
    name = folder.resolve().name
    return Checkout(
        release=Release(project=name, sha=fields[0], version=f"0.0.0+1.g{fields[0][:7]}"),
        repository=url,
        ref=tag or current,
        branch=current,
        tag=tag or None,
        message=fields[5].strip(),
        author_name=fields[2],
        author_email=fields[3],
        committed_at=int(fields[4] or 0),
        parent=fields[1].split(" ")[0] or None,
    )


def version_of_copy(folder: Path) -> str:
    """Name a working copy's newest commit as CI does."""
    checkout = checkout_of(folder)
    if checkout.release.sha == _NO_COMMIT:
        return checkout.release.version
    local, sha = (lambda *words: os.fsencode(local_git(folder, *words))), checkout.release.sha
    return version_of(local, sha, lambda _: True).name


def tag_of(folder: Path) -> str:
    """Return the tag of a working copy's newest commit; empty where it has none."""
    return local_git(folder, "describe", "--tags", "--exact-match", "HEAD")


def uncommitted(folder: Path) -> list[str]:
    """List what differs from the newest commit; nothing outside git."""
    asked = ("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
    found = local_git(folder, *asked)
    return [entry[3:] for entry in found.split("\0") if entry]


def packed(folder: Path, *, as_archived: bool = False) -> bytes:
    """Pack a working copy as a tar: what git would not ignore, changes included, and ``.git``.

    Submodules are packed in the same way. Where ``.git`` leads elsewhere it is made whole.

    :param folder: the working copy.
    :param as_archived: without ``.git``, and with the modes that ``git archive`` gives.
    """
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        if local_git(folder, "rev-parse", "--git-dir"):
            _Packing(archive, as_archived=as_archived).add(folder)
        else:
            archive.add(folder, arcname=".", filter=_archived if as_archived else _root)
    return data.getvalue()


def local_pointers(folder: Path) -> list[str]:
    """Return the files of a working copy, submodules' too, that are pointers of Git LFS."""
    names = list(_files(folder))
    found = pointers_of(folder, names)
    for name in names:
        if _is_repository(folder / name):
            found += [f"{name.rstrip('/')}/{one}" for one in local_pointers(folder / name)]
    return found


def _files(folder: Path) -> Iterator[str]:
    """Yield what git has of a folder or would not ignore; of other repositories in it the name."""
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in dict.fromkeys(local_git(folder, *listing).split("\0")):
        if name and os.path.lexists(folder / name):
            yield name


def _is_repository(place: Path) -> bool:
    return not place.is_symlink() and place.is_dir() and os.path.lexists(place / ".git")


class _Packing:
    """Packs a working copy and its submodules into one archive."""

    def __init__(self, archive: tarfile.TarFile, *, as_archived: bool) -> None:
        self._archive = archive
        self._as_archived = as_archived
        self._change = _archived if as_archived else _root

    def add(self, folder: Path, prefix: str = "", top: Path | None = None) -> None:
        """Add a working copy.

        :param prefix: of its paths in the archive, with its slash.
        :param top: the ``.git`` that is in the archive already, of a submodule.
        """
        kept = self._add_repository(folder, prefix, top)
        for name in _files(folder):
            place, at = folder / name, f"{prefix}{name.rstrip('/')}"
            nested = _is_repository(place)
            self._archive.add(place, arcname=at, recursive=False, filter=self._change)
            if nested:
                self.add(place, f"{at}/", kept)

    def _add_repository(self, folder: Path, prefix: str, top: Path | None) -> Path | None:
        """Add the ``.git``; returns the one that holds those of submodules as well, if any."""
        git = folder / ".git"
        if self._as_archived or not os.path.lexists(git):
            return None
        if not is_whole(folder, top):
            add_whole(self._archive, folder, prefix, _root)
            return None
        self._archive.add(git, arcname=f"{prefix}.git", filter=_root)
        return git if git.is_dir() else top


def _root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _archived(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o775 if member.isdir() or member.mode & 0o100 else 0o664
    return _root(member)


def packed_path(folder: Path, path: str) -> Iterator[bytes]:
    """Pack a path of a folder as an engine does one of a container: as far as somebody reads.

    :raises NoSuchThing: when it is not there.
    """
    place = folder.resolve() / path
    if not os.path.lexists(place):
        msg = f"there is no {path}"
        raise NoSuchThing(msg)
    packing = ["tar", "--directory", str(place.parent), "--create", "--file=-", "--format=pax"]
    with subprocess.Popen(  # noqa: S603 - constant words; the folder is the person's own
        [*packing, "--", place.name], stdout=subprocess.PIPE
    ) as tar:
        try:
            yield from iter(lambda: _read(tar.stdout), b"")
        finally:
            tar.kill()


def _read(stream: IO[bytes] | None) -> bytes:
    return (stream or io.BytesIO()).read(_CHUNK)
