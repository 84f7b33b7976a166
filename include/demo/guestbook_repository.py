"""The guestbook's repository, pushed to as a team would.

It is served by ``git daemon`` on loopback; pushes go straight to the bare repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from include.demo import git_host
from include.demo.paths import GIT, REPOSITORY, ROOT
from include.localforge import post_receive

EXAMPLE = ROOT / "include" / "examples" / "guestbook"
# The second version brings this migration; the first is pushed without it.
LATER = "00003_*.sql"
_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    # Nobody's personal configuration (hooks, signing) should take part.
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class GuestbookRepository:
    """A bare repository and the work tree that is pushed from."""

    def __init__(self) -> None:
        self._bare = git_host.HOME.bare(REPOSITORY)
        self._tree = GIT / "work" / "guestbook"

    def push_version_1(self) -> str:
        """Create the repository, push the first version and return its sha."""
        self._bare.parent.mkdir(parents=True, exist_ok=True)
        _git("init", "--quiet", "--bare", "--initial-branch=main", str(self._bare), cwd=GIT)
        post_receive.install(git_host.HOME, REPOSITORY)
        shutil.copytree(EXAMPLE, self._tree, ignore=shutil.ignore_patterns("__pycache__", LATER))
        _git("init", "--quiet", "--initial-branch=main", cwd=self._tree)
        _git("remote", "add", "origin", str(self._bare), cwd=self._tree)
        return self._push("A guestbook", tag="v1.0.0")

    def push_version_2(self) -> str:
        """Push the second version, with one more migration, and return its sha."""
        for migration in (EXAMPLE / "migrations").glob(LATER):
            shutil.copy(migration, self._tree / "migrations")
        welcome = self._tree / "guestbook" / "welcome.txt"
        welcome.write_text(welcome.read_text() + "Pin the entries you like best.\n")
        return self._push("Entries can be pinned", tag="v2.0.0")

    def push_proposal(self, branch: str) -> str:
        """Push a commit that others are to look at first to a branch of its own; return its sha."""
        _git("checkout", "--quiet", "-b", branch, cwd=self._tree)
        welcome = self._tree / "guestbook" / "welcome.txt"
        welcome.write_text(welcome.read_text() + "Say where you come from.\n")
        _git("add", "--all", cwd=self._tree)
        _git("commit", "--quiet", "-m", "Ask visitors where they come from", cwd=self._tree)
        _git("push", "--quiet", "origin", branch, cwd=self._tree)
        sha = _git("rev-parse", "HEAD", cwd=self._tree)
        _git("checkout", "--quiet", "main", cwd=self._tree)
        return sha

    def push_again(self, message: str) -> str:
        """Push one more commit, which changes a line that visitors see, and return its sha."""
        welcome = self._tree / "guestbook" / "welcome.txt"
        welcome.write_text(f"{welcome.read_text()}{message}\n")
        return self._push(message)

    def _push(self, message: str, *, tag: str | None = None) -> str:
        _git("add", "--all", cwd=self._tree)
        _git("commit", "--quiet", "-m", message, cwd=self._tree)
        refs = ["main"]
        if tag:
            _git("tag", tag, cwd=self._tree)
            refs.append(tag)
        # Branch and tag at once: a poll in between would see the commit without its version.
        _git("push", "--quiet", "--atomic", "origin", *refs, cwd=self._tree)
        return _git("rev-parse", "HEAD", cwd=self._tree)


def _git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(  # noqa: S603 - constant words and paths of this clone
        ["git", *arguments],  # noqa: S607 - as it is found in the path
        cwd=cwd,
        env={**os.environ, **_AUTHOR},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
