"""The stack's repositories: Slipway's own, from which the DAGs come, and the guestbook's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from include.demo.paths import REPOSITORY
from include.stack.paths import GIT, ROOT

# As the containers reach them (docker-compose.cloud.yaml).
SERVER = "git://git:9418"
BUNDLE = f"{SERVER}/slipway.git"
# What Airflow needs of this clone; the rest is in the image.
_DELIVERED = ("dags", "include", ".airflowignore")
_EXAMPLE = ROOT / "include" / "examples" / "guestbook"
# The demo's git host is none of the stack's.
_FORGE = re.compile(r"^  (webhook|statuses|pull_requests|forge\w*):.*\n", re.MULTILINE)
_WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


class Repository:
    """A bare repository that is served, and the work tree that is pushed from.

    :param name: below the server's root, without ``.git``.
    """

    def __init__(self, name: str) -> None:
        self._bare = GIT / f"{name}.git"
        self.tree = GIT / "work" / name

    def begin(self) -> None:
        """Make both, unless they are there."""
        if self.tree.exists():
            return
        self.tree.mkdir(parents=True)
        git("init", "--quiet", "--bare", "--initial-branch=main", str(self._bare), at=GIT)
        git("init", "--quiet", "--initial-branch=main", at=self.tree)
        git("remote", "add", "origin", str(self._bare), at=self.tree)

    def push(self, message: str, *, tag: str | None = None) -> str:
        """Commit and push the work tree as it is, and return the sha of its head."""
        git("add", "--all", "--force", at=self.tree)
        if git("status", "--porcelain", at=self.tree):
            git("commit", "--quiet", "-m", message, at=self.tree)
        refs = ["main"]
        if tag:
            git("tag", tag, at=self.tree)
            refs.append(tag)
        git("push", "--quiet", "--atomic", "origin", *refs, at=self.tree)
        return git("rev-parse", "HEAD", at=self.tree)


def deliver_clone() -> None:
    """Push this clone's DAGs and project files, as they lie here, for the bundle to fetch."""
    repository = Repository("slipway")
    repository.begin()
    names = git("ls-files", "--cached", "--others", "--exclude-standard", *_DELIVERED, at=ROOT)
    for folder in _DELIVERED:
        shutil.rmtree(repository.tree / folder, ignore_errors=True)
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (repository.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository.tree / name)
    project = repository.tree / "include" / "projects" / "guestbook.yaml"
    project.write_text(for_the_stack(project.read_text()))
    repository.push("Deliver what this clone holds")


def for_the_stack(project: str) -> str:
    """Return a project file of the demo's as it is right here.

    :param project: the file's text.
    """
    return _FORGE.sub("", project.replace("git://127.0.0.1:9418", SERVER))


class Guestbook:
    """The example, pushed to as a team would."""

    def __init__(self) -> None:
        self._repository = Repository(REPOSITORY)

    def push_first(self) -> str:
        """Push the whole service and return its sha."""
        self._repository.begin()
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_EXAMPLE, self._repository.tree, ignore=ignored, dirs_exist_ok=True)
        return self._repository.push("A guestbook", tag="v1.0.0")

    def push_again(self, message: str) -> str:
        """Push a change that visitors see, and return its sha."""
        welcome = self._repository.tree / "guestbook" / "welcome.txt"
        welcome.write_text(f"{welcome.read_text()}{message}\n")
        return self._repository.push(message)


def git(*arguments: str, at: Path) -> str:
    """Run git, away from anybody's own configuration, and return what it says."""
    done = subprocess.run(  # noqa: S603 - constant words and paths of this clone
        ["git", *arguments],  # noqa: S607 - as it is found in the path
        cwd=at,
        env={**os.environ, **_WHO},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
