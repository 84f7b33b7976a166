"""Patterns of a commit's attributes that keep git busy for as long as whoever wrote them likes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from slipway.exceptions import RepositoryTooLarge
from slipway.hooks.git import attributes as git_attributes
from slipway.hooks.git.mirror import GitMirror
from tests.fakes.git_server import Repository

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1\n"
HOSTILE = "*a*a*a*a*a*a*a*a*a*a*b{} {}\n"


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


def _commit_unread(repository: Repository, attributes: str) -> str:
    """Commit a file of attributes without git's matching anything with it."""
    file = repository.path.with_name("attributes")
    file.write_text(attributes)
    blob = repository.git("hash-object", "-w", "--no-filters", str(file))
    listed = f"{repository.git('ls-tree', 'HEAD')}\n100644 blob {blob}\t.gitattributes\n"
    tree = subprocess.run(
        ["git", "-C", str(repository.path), "mktree"],
        input=listed,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    sha = repository.git("commit-tree", tree, "-m", "x")
    repository.git("update-ref", "refs/heads/main", sha)
    return sha


@pytest.mark.parametrize(
    ("attribute", "content"), [("filter=lfs", POINTER), ("text", "x"), ("unknown", "x")]
)
def test_patterns_that_take_hours_are_the_commits_mistake_and_take_seconds(
    repository: Repository,
    mirror: GitMirror,
    monkeypatch: pytest.MonkeyPatch,
    attribute: str,
    content: str,
) -> None:
    monkeypatch.setattr(git_attributes, "LIMIT", 1.0)
    attributes = "".join(HOSTILE.format(number, attribute) for number in range(100))
    repository.commit(**{"a" * 200 + str(number): content for number in range(20)})
    sha = _commit_unread(repository, attributes)
    for pack in (mirror.archive, lambda sha: mirror.workspace(sha, branch="main")):
        began = time.monotonic()
        with pytest.raises(RepositoryTooLarge, match=r"git needs more than 1 s.*\.gitattributes"):
            pack(sha)
        assert time.monotonic() - began < 30


def test_many_files_with_many_usual_patterns_are_packed(
    repository: Repository, mirror: GitMirror
) -> None:
    attributes = "* text=auto\n*.min.*.js -diff\ndocs/**/img/*.png binary\n**/vendor/** -text\n"
    files = {f"docs__a__img__f{number}_dot_png": "x" for number in range(500)}
    sha = repository.commit(_dot_gitattributes=attributes, **files)
    mirror.archive(sha).close()


def test_ends_of_lines_are_still_those_that_the_attributes_ask_for(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit(_dot_gitattributes="*.bat text eol=crlf\n", run_dot_bat="a\nb\n")
    with mirror.archive(sha) as tar:
        assert b"a\r\nb\r\n" in tar.read()
