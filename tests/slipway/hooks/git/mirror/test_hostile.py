"""Commits, files and trees that somebody made to do harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RepositoryTooLarge
from slipway.hooks.git import files
from tests.slipway.hooks.git.mirror import mirrors

if TYPE_CHECKING:
    from slipway.hooks.git.mirror import GitMirror
    from tests.fakes.git_server import Repository

mirror = mirrors.mirror


def test_a_file_of_zeros_is_not_read_into_memory(repository: Repository, mirror: GitMirror) -> None:
    sha = repository.commit(_dot_drone_dot_yml="x" * ((16 << 20) + 1))
    mirror.find("main")
    with pytest.raises(RepositoryTooLarge, match="is larger than 16 MiB"):
        mirror.read(sha, ".drone.yml")


def test_an_archive_of_zeros_stops_at_its_limit(
    repository: Repository, mirror: GitMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repository.commit(zeros="0" * (3 << 20))
    monkeypatch.setattr(files, "MOST_FILES", 2 << 20)
    with pytest.raises(RepositoryTooLarge, match="come to more than 2 MiB"):
        mirror.archive(sha)
    assert mirror.read(sha, "zeros") is not None


def test_an_archive_takes_no_memory_of_its_size(repository: Repository, tmp_path: Path) -> None:
    """Packed by a process of its own, whose memory can be told afterwards."""
    sha = repository.commit(
        zeros="0" * (160 << 20), **{f"folder__{number:05}": "" for number in range(20_000)}
    )
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from slipway.hooks.git.mirror import GitMirror\n"
        "mirror = GitMirror(url=sys.argv[1], root=Path(sys.argv[2]))\n"
        "mirror.find('main').sha\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "mirror.workspace(sys.argv[3], branch='main')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, repository.url, str(tmp_path / "m"), sha],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[5],
    )
    own, of_git = (int(line) for line in done.stdout.split())
    assert own < 24 << 10  # KiB
    assert of_git < 96 << 10


def test_a_commit_with_an_endless_message_is_refused(
    repository: Repository, mirror: GitMirror, tmp_path: Path
) -> None:
    (tmp_path / "message").write_text("x" * (2 << 20))
    repository.git("commit", "--quiet", "--allow-empty", "-F", str(tmp_path / "message"))
    sha = mirror.find("main").sha
    with pytest.raises(RepositoryTooLarge, match="longer than 1024 KiB"):
        mirror.commit(sha)


def test_a_tree_that_contains_itself_is_refused_before_it_is_packed(
    repository: Repository, mirror: GitMirror
) -> None:
    """Ten levels of ten folders that are one: ten thousand million files in eleven objects."""
    repository.commit(leaf="x")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    for _ in range(10):
        lines = "".join(f"040000 tree {tree}\tfolder-with-a-name-{n}\n" for n in range(10))
        made = subprocess.run(
            ["git", "-C", str(repository.path), "mktree"],
            input=lines,
            text=True,
            check=True,
            capture_output=True,
        )
        tree = made.stdout.strip()
    sha = repository.git("commit-tree", "-m", "bomb", tree)
    repository.git("update-ref", "refs/heads/main", sha)
    with pytest.raises(RepositoryTooLarge, match="more files than fit into a list of 64 MiB"):
        mirror.archive(mirror.find("main").sha)


def test_who_wrote_or_committed_what_came_is_told_once(
    repository: Repository, mirror: GitMirror
) -> None:
    first = repository.commit()
    repository.git("commit", "--allow-empty", "-m", "x", "--author", "Bob <bob@example.com>")
    repository.git("checkout", "--quiet", "-b", "side", first)
    repository.git("commit", "--allow-empty", "-m", "y", "--author", "Eve Ö <eve@example.com>")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--no-ff", "--quiet", "-m", "merged", "side")
    last = repository.git("rev-parse", "HEAD")
    mirror.find(last)
    ada, bob = "Ada <ada@example.com>", "Bob <bob@example.com>"
    eve = "Eve Ö <eve@example.com>"
    assert mirror.people_between(first, last, 100) == [ada, bob, eve]
    # On the way back nothing comes; of a first deployment it is the commit alone.
    assert mirror.people_between(last, first, 100) == []
    assert mirror.people_between("", last, 100) == [ada]
    # After a rewritten history all counts that was not there.
    repository.git("checkout", "--quiet", "-b", "other", first)
    repository.git("commit", "--allow-empty", "-m", "z", "--author", "Zoe <zoe@example.com>")
    other = repository.git("rev-parse", "HEAD")
    mirror.find(other)
    assert mirror.people_between(last, other, 100) == [ada, "Zoe <zoe@example.com>"]
