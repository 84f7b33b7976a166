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


class WorkTree:
    """A bare repository that is served, and the work tree that is pushed from.

    :param bare: the repository.
    :param tree: the work tree.
    :param ignored: what its files tell git to leave out is pushed as well.
    """

    def __init__(self, bare: Path, tree: Path, *, ignored: bool = False) -> None:
        self._bare = bare
        self._add = ("add", "--all", *(["--force"] if ignored else []))
        self.tree = tree

    def begin(self) -> None:
        """Make both; what is in the work tree already is pushed with the first commit."""
        self._bare.parent.mkdir(parents=True, exist_ok=True)
        self.tree.mkdir(parents=True, exist_ok=True)
        make = ("init", "--quiet", "--initial-branch=main")
        git(*make, "--bare", str(self._bare), at=self._bare.parent)
        git(*make, at=self.tree)
        git("remote", "add", "origin", str(self._bare), at=self.tree)

    def push(self, message: str, *, branch: str = "main", tag: str | None = None) -> str:
        """Commit the work tree as it is, push it, and return its sha.

        :param message: of the commit; there is none where nothing has changed.
        :param branch: that is checked out.
        :param tag: pushed with it, if any.
        """
        git(*self._add, at=self.tree)
        if git("status", "--porcelain", at=self.tree):
            git("commit", "--quiet", "-m", message, at=self.tree)
        refs = [branch]
        if tag:
            git("tag", tag, at=self.tree)
            refs.append(tag)
        # Branch and tag at once: a poll in between would see the commit without its version.
        git("push", "--quiet", "--atomic", "origin", *refs, at=self.tree)
        return git("rev-parse", "HEAD", at=self.tree)


def welcome(tree: Path, line: str) -> None:
    """Change what visitors of the guestbook see.

    :param tree: the service's files.
    :param line: is added.
    """
    file = tree / "guestbook" / "welcome.txt"
    file.write_text(f"{file.read_text()}{line}\n")


class GuestbookRepository:
    """The demo's: its host knows of pushes, and its versions come one after the other."""

    def __init__(self) -> None:
        self._tree = GIT / "work" / "guestbook"
        self._work = WorkTree(git_host.HOME.bare(REPOSITORY), self._tree)

    def push_version_1(self) -> str:
        """Create the repository, push the first version and return its sha."""
        shutil.copytree(EXAMPLE, self._tree, ignore=shutil.ignore_patterns("__pycache__", LATER))
        self._work.begin()
        post_receive.install(git_host.HOME, REPOSITORY)
        return self._work.push("A guestbook", tag="v1.0.0")

    def push_version_2(self) -> str:
        """Push the second version, with one more migration, and return its sha."""
        for migration in (EXAMPLE / "migrations").glob(LATER):
            shutil.copy(migration, self._tree / "migrations")
        welcome(self._tree, "Pin the entries you like best.")
        return self._work.push("Entries can be pinned", tag="v2.0.0")

    def push_proposal(self, branch: str) -> str:
        """Push a commit that others are to look at first to a branch of its own; return its sha."""
        git("checkout", "--quiet", "-b", branch, at=self._tree)
        welcome(self._tree, "Say where you come from.")
        sha = self._work.push("Ask visitors where they come from", branch=branch)
        git("checkout", "--quiet", "main", at=self._tree)
        return sha

    def push_again(self, message: str) -> str:
        """Push one more commit, which changes a line that visitors see, and return its sha."""
        welcome(self._tree, message)
        return self._work.push(message)


def git(*arguments: str, at: Path) -> str:
    """Run git, away from anybody's own configuration, and return what it says."""
    done = subprocess.run(  # noqa: S603 - constant words and paths of this clone
        ["git", *arguments],  # noqa: S607 - as it is found in the path
        cwd=at,
        env={**os.environ, **_AUTHOR},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
