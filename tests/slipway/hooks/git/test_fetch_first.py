"""What a look at a repository fetches: the branch that told of new commits, and little else."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.exceptions import RepositoryUnreachable
from slipway.hooks.git import store
from slipway.hooks.git.mirror import GitMirror
from tests.fakes.git_server import Repository

MAIN = "refs/heads/main"


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


def test_a_push_is_fetched_by_its_branch_alone_however_many_others_there_are(
    repository: Repository, mirror: GitMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_REFS", 2)
    shas = [repository.commit(readme=str(n)) for n in range(3)]
    for number in range(5):
        repository.git("branch", f"topic/{number}")
    assert mirror.commits_since(shas[0], shas[2], ref=MAIN) == shas[1:]
    assert set(mirror.refs.all()) == {MAIN}


def test_a_branch_that_lies_where_another_was_is_fetched_all_the_same(
    repository: Repository, mirror: GitMirror
) -> None:
    old = repository.commit(readme="one")
    repository.git("branch", "release")
    mirror.find("release")
    repository.git("branch", "-D", "release")
    repository.git("checkout", "--quiet", "-b", "release/1")
    new = repository.commit(readme="two")
    assert mirror.commits_since(old, new, ref="refs/heads/release/1") == [new]


def test_a_commit_that_its_branch_left_a_moment_later_is_fetched_by_itself(
    repository: Repository, mirror: GitMirror
) -> None:
    old, left = repository.commit(readme="one"), repository.commit(readme="two")
    repository.git("branch", "kept")
    repository.git("reset", "--hard", "--quiet", old)
    now = repository.commit(readme="instead")
    assert mirror.commits_since(old, left, ref=MAIN) == [left]
    assert mirror.commits_since(left, now, ref=MAIN) == [now]


def test_a_branch_that_is_gone_a_moment_later_loses_no_commit(
    repository: Repository, mirror: GitMirror
) -> None:
    old = repository.commit(readme="one")
    repository.git("checkout", "--quiet", "-b", "short")
    new = repository.commit(readme="two")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "short")
    repository.git("branch", "-D", "short")
    assert mirror.commits_since(old, new, ref="refs/heads/short") == [new]


def test_of_a_server_that_is_away_nothing_else_is_said(tmp_path: Path) -> None:
    mirror = GitMirror(url="git://127.0.0.1:9/nobody", root=tmp_path)
    with pytest.raises(RepositoryUnreachable):
        mirror.commits_since("0" * 40, "1" * 40, ref=MAIN)


def test_a_commit_is_read_by_a_worker_that_never_saw_its_repository(
    repository: Repository, tmp_path: Path
) -> None:
    sha = repository.commit("said")
    other = GitMirror(url=repository.url, root=tmp_path / "fresh")
    assert other.commit(sha).message == "said"
    later = repository.commit("said later")
    assert other.commit(later).message == "said later"
