"""A commit's tree together with its history, as somebody's clone would have it."""

from __future__ import annotations

import logging
import os
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.hooks.git.command import git
from slipway.hooks.git.confinement import LARGE_FILES
from slipway.model.event import HEADS
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
# Any commit may be asked for, not only the tips of branches; only this fetch is told so.
_UPLOAD = f"git -c uploadpack.allowAnySHA1InWant=true -c {LARGE_FILES} upload-pack"
# Holds the commit while it is fetched: git follows tags only to what gets a name.
_FETCHED = "refs/slipway/fetched"
_REMOTE = "refs/remotes/origin/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clone:
    """What a clone of a commit looks like.

    :param url: becomes ``origin``; without credentials.
    :param branch: becomes the current branch, at the commit; empty for none, as in submodules.
    :param branches: name -> newest commit of those that are there as ``origin/<name>``.
    :param main: which of these ``origin/HEAD`` is; empty for none.
    :param depth: commits of history; 0 is all of it, with the tags.
    :param submodules: name -> URL of those that are checked out.
    :param large_files: paths that hold the content of a file in Git LFS, not its pointer.
    """

    url: str
    branch: str = ""
    branches: Mapping[str, str] = field(default_factory=dict)
    main: str = ""
    depth: int = 0
    submodules: Mapping[str, str] = field(default_factory=dict)
    large_files: tuple[str, ...] = ()


def add_history(tar: tarfile.TarFile, mirror: Path, sha: str, clone: Clone, *, prefix: str) -> None:
    """Add a ``.git`` to a tree, with the commit checked out and a clean status.

    Nothing in it was written by the repository but objects and names: no hook, no setting.

    :param tar: what becomes a tar of the commit's files.
    :param mirror: a bare repository that has the commit.
    :param sha: the commit, in full.
    :param clone: what it shall look like.
    :param prefix: of the tree within the tar, with its slash; empty for the top.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-workspace-") as folder:
        work = Path(folder)
        git("init", "--quiet", "--template=", "--", str(work))
        _fetch(work, mirror, sha, clone)
        _check_out(work, sha, clone)
        _configure(work, clone)
        (work / ".git" / "FETCH_HEAD").unlink(missing_ok=True)  # it names the worker's folder
        _tell_of_cut(work, clone, prefix)
        tar.add(work / ".git", arcname=f"{prefix}.git", filter=_root)


def _in(work: Path, *arguments: str) -> bytes:
    # A log of refs would name the worker's host and user.
    return git("-c", "core.logAllRefUpdates=false", *arguments, cwd=work)


def _fetch(work: Path, mirror: Path, sha: str, clone: Clone) -> None:
    """Fetch with the tags: all of them, or those that lead to the commits that are kept."""
    tips = [f"+{tip}:{_REMOTE}{name}" for name, tip in clone.branches.items()]
    limits = ["--depth", str(clone.depth)] if clone.depth else ["--tags"]
    _in(
        work,
        "-c",
        "protocol.file.allow=always",
        "fetch",
        "--quiet",
        f"--upload-pack={_UPLOAD}",
        *limits,
        "--",
        mirror.as_uri(),
        f"+{sha}:{_FETCHED}",
        *tips,
    )


def _check_out(work: Path, sha: str, clone: Clone) -> None:
    if clone.branch:
        _in(work, "update-ref", f"{HEADS}{clone.branch}", sha)
        _in(work, "symbolic-ref", "HEAD", f"{HEADS}{clone.branch}")
    else:
        _in(work, "update-ref", "--no-deref", "HEAD", sha)
    if clone.main and clone.main != "HEAD":  # which would be itself
        _in(work, "symbolic-ref", f"{_REMOTE}HEAD", f"{_REMOTE}{clone.main}")
    _in(work, "update-ref", "-d", _FETCHED)
    _in(work, "read-tree", sha)
    if clone.large_files:
        # A step without git-lfs would see them as changed.
        paths = os.fsencode("\0".join(clone.large_files))
        git("update-index", "--skip-worktree", "-z", "--stdin", cwd=work, given=paths)


def _configure(work: Path, clone: Clone) -> None:
    settings = {
        "remote.origin.url": clone.url,
        "remote.origin.fetch": f"+{HEADS}*:{_REMOTE}*",
        **{f"submodule.{name}.url": url for name, url in clone.submodules.items()},
    }
    if clone.branch:
        settings[f"branch.{clone.branch}.remote"] = "origin"
        settings[f"branch.{clone.branch}.merge"] = f"{HEADS}{clone.branch}"
    for name, value in settings.items():
        _in(work, "config", name, value)


def _tell_of_cut(work: Path, clone: Clone, prefix: str) -> None:
    """Say it where steps see less history than there is."""
    if not (work / ".git" / "shallow").exists():
        return
    where = f" in {visible(prefix.rstrip('/'))}" if prefix else ""
    count = len(_in(work, "tag").splitlines())
    tags = f"{count} tags" if count else "without a tag that `git describe` could find"
    _log.warning(
        "the history%s is cut: the last %d commits, %s; `clone: {depth: %d}` in the pipeline file "
        "brings more",
        where,
        clone.depth,
        tags,
        max(1000, clone.depth * 10),
    )


def _root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    # Steps may run as anybody, and the worker's umask may be tight.
    member.mode |= 0o555 if member.isdir() else 0o444
    return member
