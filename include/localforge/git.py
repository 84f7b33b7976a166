"""What the host reads of a repository. Names and messages in it are anybody's."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# As long as a commit's id is, in a git of SHA-1.
SHA = re.compile(r"[0-9a-f]{40}")
_FIELDS = "%H%x00%P%x00%an <%ae>%x00%cI%x00%B"


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """One commit.

    :param sha: its id.
    :param parents: theirs.
    :param author: name and address.
    :param date: when it was committed, ISO 8601.
    :param message: all of it.
    """

    sha: str
    parents: tuple[str, ...]
    author: str
    date: str
    message: str


def commit(bare: Path, sha: str) -> Commit | None:
    """Return a commit; None where there is none.

    :param bare: the repository.
    :param sha: its id, or the beginning of it; a tag's leads to its commit.
    """
    return next(commits(bare, f"{sha}^0", most=1), None)


def commits(bare: Path, *revisions: str, most: int) -> Iterator[Commit]:
    """Give commits, the newest first.

    :param bare: the repository.
    :param revisions: as git understands them.
    :param most: how many at most.
    """
    said = _git(bare, "log", "-z", f"--max-count={most}", f"--format={_FIELDS}", *revisions, "--")
    parts = said.split("\0")
    for first in range(0, len(parts) - 4, 5):
        sha, parents, author, date, message = parts[first : first + 5]
        yield Commit(
            sha=sha,
            parents=tuple(parents.split()),
            author=author,
            date=date,
            message=message.strip(),
        )


def is_ancestor(bare: Path, older: str, newer: str) -> bool:
    """Tell whether a commit is in another's past.

    :param bare: the repository.
    :param older: the one.
    :param newer: the other.
    """
    words = ["git", f"--git-dir={bare}", "merge-base", "--is-ancestor", older, newer]
    done = subprocess.run(words, capture_output=True, env=_environment(), check=False)  # noqa: S603
    return done.returncode == 0


def _git(bare: Path, *words: str) -> str:
    """Ask git; what it does not find is nothing."""
    done = subprocess.run(  # noqa: S603 - the words are ours, and revisions end with `--`
        ["git", f"--git-dir={bare}", *words],  # noqa: S607 - as it is found in the path
        capture_output=True,
        env=_environment(),
        check=False,
    )
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _environment() -> dict[str, str]:
    """Ask as nobody: with neither a person's settings nor those of the push that is going on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
