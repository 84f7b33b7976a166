"""A folder on this machine, as if it had been checked out."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from slipway.hooks.git.history import version_of
from slipway.model.facts import Checkout, Release

_NO_COMMIT = "0" * 40


def checkout_of(folder: Path, *, branch: str = "", tag: str = "") -> Checkout:
    """Describe a working copy: its newest commit, or nothing in particular outside git.

    :param branch: in place of the one that is checked out.
    :param tag: as if this tag had been pushed.
    """
    layout = "%H%x00%P%x00%an%x00%ae%x00%ct%x00%B"
    shown = _git(folder, "show", "-s", f"--format={layout}", "HEAD")
    fields = shown.split("\0", 5) if shown else [_NO_COMMIT, "", "nobody", "", "0", ""]
    current = branch or _git(folder, "symbolic-ref", "--short", "-q", "HEAD") or "main"
    url = _git(folder, "remote", "get-url", "origin") or f"file://{folder.resolve()}"
    name = folder.resolve().name
    return Checkout(
        release=Release(project=name, sha=fields[0], version=f"0.0.0+1.g{fields[0][:7]}"),
        repository=url, ref=tag or current, branch=current, tag=tag or None,
        message=fields[5].strip(), author_name=fields[2], author_email=fields[3],
        committed_at=int(fields[4] or 0), parent=fields[1].split(" ")[0] or None,
    )  # fmt: skip


def version_of_copy(folder: Path) -> str:
    """Name a working copy's newest commit as CI does."""
    checkout = checkout_of(folder)
    if checkout.release.sha == _NO_COMMIT:
        return checkout.release.version
    local, sha = (lambda *words: _git(folder, *words).encode()), checkout.release.sha
    return version_of(local, sha, lambda _: True).name


def tag_of(folder: Path) -> str:
    """Return the tag of a working copy's newest commit; empty where it has none."""
    return _git(folder, "describe", "--tags", "--exact-match", "HEAD")


def uncommitted(folder: Path) -> list[str]:
    """List what differs from the newest commit; nothing outside git."""
    found = _git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
    return [entry[3:] for entry in found.split("\0") if entry]


def packed(folder: Path, *, as_archived: bool = False) -> bytes:
    """Pack a working copy as a tar: what git would not ignore, changes included, and ``.git``.

    :param as_archived: without ``.git``, and with the modes that ``git archive`` gives.
    """
    listed = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = [name for name in listed.split("\0") if name] if listed else ["."]
    if listed and (folder / ".git").is_dir() and not as_archived:
        names.append(".git")
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in names:
            if (folder / name).exists() or (folder / name).is_symlink():
                archive.add(folder / name, arcname=name, filter=_archived if as_archived else _root)
    return data.getvalue()


def _root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _archived(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o775 if member.isdir() or member.mode & 0o100 else 0o664
    return _root(member)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - constant words; the folder is the person's own
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        capture_output=True, check=False,
    )  # fmt: skip
    return done.stdout.decode(errors="replace").strip("\n") if done.returncode == 0 else ""
