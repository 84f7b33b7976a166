"""A commit's tree together with its history, as somebody's clone would have it."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from slipway.hooks.git_command import LARGE_FILES, git

# Any commit may be asked for, not only the tips of branches; only this fetch is told so.
_UPLOAD = f"git -c uploadpack.allowAnySHA1InWant=true -c {LARGE_FILES} upload-pack"


def add_history(
    tar: tarfile.TarFile, mirror: Path, sha: str, *, url: str, branch: str, depth: int
) -> None:
    """Add a ``.git`` to a tree, with the branch checked out and a clean status.

    :param tar: what becomes a tar of the commit's files.
    :param mirror: a bare repository that has the commit.
    :param url: becomes ``origin``; without credentials.
    :param branch: becomes the current branch, at the commit.
    :param depth: commits of history; 0 is all of it, with the tags.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-workspace-") as folder:
        work = Path(folder)
        git("init", "--quiet", "--template=", "--", str(work))
        limits = ["--depth", str(depth), "--no-tags"] if depth else ["--tags"]
        git(
            "-c", "protocol.file.allow=always", "fetch", "--quiet", f"--upload-pack={_UPLOAD}",
            *limits, "--", mirror.as_uri(), sha, cwd=work,
        )  # fmt: skip
        git("update-ref", f"refs/heads/{branch}", sha, cwd=work)
        git("symbolic-ref", "HEAD", f"refs/heads/{branch}", cwd=work)
        git("config", "remote.origin.url", url, cwd=work)
        git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*", cwd=work)
        git("read-tree", sha, cwd=work)
        tar.add(work / ".git", arcname=".git", filter=_root)


def _root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    # Steps may run as anybody, and the worker's umask may be tight.
    member.mode |= 0o555 if member.isdir() else 0o444
    return member
