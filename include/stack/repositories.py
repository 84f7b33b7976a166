"""The stack's repositories: Slipway's own, from which the DAGs come, and the guestbook's."""

from __future__ import annotations

import re
import shutil
from functools import cached_property

from include.demo.guestbook_repository import EXAMPLE, WorkTree, git, welcome
from include.demo.paths import REPOSITORY
from include.stack.paths import GIT, ROOT

# As the containers reach them (docker-compose.cloud.yaml).
SERVER = "git://git:9418"
BUNDLE = f"{SERVER}/slipway.git"
# What Airflow needs of this clone; the rest is in the image.
_DELIVERED = ("dags", "include", ".airflowignore")
# The demo's git host is none of the stack's.
_FORGE = re.compile(r"^  (webhook|statuses|pull_requests|forge\w*):.*\n", re.MULTILINE)
_SOAK = re.compile(r"^(    soak: ).*$", re.MULTILINE)


def _work_tree(name: str) -> WorkTree:
    """Open a repository of the stack's: what is in its folder is pushed, ignored or not.

    :param name: below the server's root, without ``.git``.
    """
    work = WorkTree(GIT / f"{name}.git", GIT / "work" / name, ignored=True)
    if not work.tree.exists():
        work.begin()
    return work


def deliver_clone() -> None:
    """Push this clone's DAGs and project files, as they lie here, for the bundle to fetch."""
    repository = _work_tree("slipway")
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


def watch_longer(soak: str) -> None:
    """Push a project file that has each release watched for longer before it stays.

    :param soak: for how long, as the file says it.
    """
    repository = _work_tree("slipway")
    project = repository.tree / "include" / "projects" / "guestbook.yaml"
    project.write_text(_SOAK.sub(rf"\g<1>{soak}", project.read_text()))
    repository.push(f"Watch releases for {soak}")


def for_the_stack(project: str) -> str:
    """Return a project file of the demo's as it is right here.

    :param project: the file's text.
    """
    return _FORGE.sub("", project.replace("git://127.0.0.1:9418", SERVER))


class Guestbook:
    """The example, pushed to as a team would."""

    @cached_property
    def _repository(self) -> WorkTree:
        return _work_tree(REPOSITORY)

    def push_first(self) -> str:
        """Push the whole service and return its sha."""
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(EXAMPLE, self._repository.tree, ignore=ignored, dirs_exist_ok=True)
        return self._repository.push("A guestbook", tag="v1.0.0")

    def last_two(self) -> list[str]:
        """Return the shas of the last two commits, the newest first."""
        return git("log", "-2", "--format=%H", at=self._repository.tree).split()

    def push_again(self, message: str) -> str:
        """Push a change that visitors see, and return its sha."""
        welcome(self._repository.tree, message)
        return self._repository.push(message)
