"""What somebody who may push any branch can do to the branch that is delivered."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RefNotFound, RepositoryTooLarge, RepositoryUnreachable
from slipway.hooks.git import store
from slipway.hooks.git.mirror import GitMirror
from slipway.model.git.deliverable import Deliverable
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path

MAIN = Deliverable(branch="main", branches=("release/**",))
HEAD = "# pack-refs with: peeled fully-peeled sorted \n"


def _packed(repository: Repository, *names: str) -> None:
    sha = repository.git("rev-parse", "HEAD")
    lines = "".join(f"{sha} {name}\n" for name in sorted(names))
    (repository.path / ".git" / "packed-refs").write_text(HEAD + lines)


def _long_name(repository: Repository) -> None:
    _packed(repository, "refs/heads/" + "y" * 251)


def _long_path(repository: Repository) -> None:
    _packed(repository, "refs/heads/release/" + "/".join(["x" * 200] * 20))


def _name_in_a_name(repository: Repository) -> None:
    _packed(repository, "refs/heads/transport", "refs/heads/transport/x", "refs/tags/v1.2.3")


def _delivered_name_in_a_name(repository: Repository) -> None:
    _packed(repository, "refs/heads/release/a", "refs/heads/release/a/b")


def _damage(repository: Repository) -> None:
    blob = repository.git("hash-object", "-w", "--stdin")
    made = subprocess.run(
        ["git", "mktree"],
        cwd=repository.path,
        input=f"100644 blob {blob}\t.git\n".encode(),
        capture_output=True,
        check=True,
    )
    sha = repository.git("commit-tree", "-m", "x", made.stdout.decode().strip())
    repository.git("update-ref", "refs/heads/topic", sha)


ATTACKS = [_long_name, _long_path, _name_in_a_name, _delivered_name_in_a_name, _damage]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_strangers_ref_that_cannot_be_fetched_stops_no_delivered_branch(
    repository: Repository, tmp_path: Path, attack: Callable[[Repository], None]
) -> None:
    old = repository.commit(readme="one")
    new = repository.commit(readme="two")
    attack(repository)
    mirrors = [GitMirror(url=repository.url, root=tmp_path / f"{n}") for n in range(4)]
    assert mirrors[0].find("main", delivered=MAIN).sha == new
    assert mirrors[0].find("main", delivered=MAIN).sha == new
    assert mirrors[1].precedes(old, new)
    assert not mirrors[1].precedes(new, "0" * 40)
    assert mirrors[2].commits_since(old, new) == [new]
    mirrors[3].archive(old).close()


def test_a_name_that_no_file_bears_takes_no_release_tag_along(
    repository: Repository, tmp_path: Path
) -> None:
    sha = repository.commit(readme="one")
    _name_in_a_name(repository)
    mirror = GitMirror(url=repository.url, root=tmp_path)
    mirror.find("main", delivered=MAIN)
    assert mirror.version(sha).name == f"1.2.3+0.g{sha[:7]}"


def test_more_refs_than_a_mirror_holds_are_a_limit_that_is_named_and_stop_nothing_delivered(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_REFS", 20)
    old, new = repository.commit(readme="one"), repository.commit(readme="two")
    _packed(repository, *(f"refs/heads/z/{n}" for n in range(21)), "refs/heads/release/1")
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.find("main", delivered=MAIN).sha == new
    assert mirror.precedes(old, new)
    assert set(mirror.refs.all()) == {"refs/heads/main", "refs/heads/release/1"}
    with pytest.raises(RepositoryTooLarge, match="has 23 branches and tags, more than 20"):
        mirror.find("main")


def test_more_refs_than_fit_into_memory_are_a_limit_that_is_named_and_stop_nothing_delivered(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_OUTPUT", 2000)
    new = repository.commit(readme="one")
    _packed(repository, *(f"refs/heads/release/{n}" for n in range(50)))
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.find("main", delivered=MAIN).sha == new
    with pytest.raises(RepositoryTooLarge, match="more branches and tags than fit into"):
        mirror.find("main")


def test_a_release_branch_that_was_removed_delivers_no_more_while_a_stranger_stops_the_rest(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit(readme="one")
    repository.git("checkout", "--quiet", "-b", "release/1")
    dropped = repository.commit(readme="dropped")
    repository.git("checkout", "--quiet", "main")
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.find(dropped, delivered=MAIN).sha == dropped
    repository.git("branch", "-D", "release/1")
    _damage(repository)
    mirror.find("main", delivered=MAIN)
    assert mirror.refs.containing(dropped) == []


def test_a_server_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    mirror = GitMirror(url="git://127.0.0.1:1/x", root=tmp_path)
    with pytest.raises(RepositoryUnreachable):
        mirror.find("main", delivered=MAIN)
    with pytest.raises(RepositoryUnreachable):
        mirror.precedes("a" * 40, "b" * 40)


def test_a_delivered_branch_that_is_absent_is_named(repository: Repository, tmp_path: Path) -> None:
    repository.commit(readme="one")
    with pytest.raises(RefNotFound):
        GitMirror(url=repository.url, root=tmp_path).find("absent", delivered=MAIN)


def _many_that_end_like_it(repository: Repository, end: str) -> None:
    _packed(repository, *(f"refs/heads/{n}/{'y' * 200}/{end}" for n in range(100)))


def test_refs_that_end_like_the_delivered_branch_do_not_stop_the_poll(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_OUTPUT", 20_000)
    sha = repository.commit(readme="one")
    _many_that_end_like_it(repository, "refs/heads/main")
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.head("main") == sha
    assert mirror.tip("main") == sha
    assert mirror.head("mai") is None


@pytest.mark.parametrize(
    "end", ["refs/heads/main", "refs/heads/release/1", "refs/tags/v1.2.3", "refs/tags/x1.2"]
)
def test_refs_that_end_like_what_is_delivered_hide_none_of_it(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    sha = repository.commit(readme="one")
    _many_that_end_like_it(repository, end)
    repository.git("tag", "v1.2.3")
    repository.git("branch", "release/1")
    monkeypatch.setattr(store, "MOST_OUTPUT", 20_000)
    monkeypatch.setattr(store, "MOST_REFS", 20)
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.find("release/1", delivered=MAIN).sha == sha
    assert mirror.find("refs/heads/main", delivered=MAIN).sha == sha
    assert mirror.version(sha).name == f"1.2.3+0.g{sha[:7]}"


def test_more_refs_of_the_name_itself_than_anybody_reads_are_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    monkeypatch.setattr(store, "MOST_OUTPUT", 10)
    with pytest.raises(RepositoryTooLarge, match="more branches and tags than fit"):
        GitMirror(url=repository.url, root=tmp_path).head("main")


def _too_many(repository: Repository) -> None:
    sha = repository.git("rev-parse", "HEAD")
    for number in range(21):
        repository.git("update-ref", f"refs/heads/z{number}", sha)


@pytest.mark.parametrize(
    ("strangers", "teams"),
    [
        ("release/2.0/x", "release/2.0"),
        ("release/2.0/x/y", "release/2.0"),
        ("release/2.0", "release/2.0/x"),
        ("main/x", "main"),
    ],
)
@pytest.mark.parametrize("attack", [_too_many, _damage])
def test_a_strangers_branch_that_is_gone_keeps_no_delivered_one_out_of_the_mirror(
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    strangers: str,
    teams: str,
    attack: Callable[[Repository], None],
) -> None:
    """One lies within the other's name, and a mirror's refs are files."""
    monkeypatch.setattr(store, "MOST_REFS", 20)
    delivered = Deliverable(branch="trunk", branches=(teams,))
    sha = repository.commit(readme="one")
    repository.git("checkout", "--quiet", "-b", "trunk")
    repository.git("branch", "-D", "main")
    repository.git("branch", strangers)
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.find("trunk", delivered=delivered).sha == sha
    repository.git("branch", "-D", strangers)
    repository.git("branch", teams)
    attack(repository)
    assert mirror.find(f"refs/heads/{teams}", delivered=delivered).sha == sha
    assert mirror.find("trunk", delivered=delivered).sha == sha


def test_a_delivered_branch_takes_the_place_of_what_it_lay_in(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    repository.git("branch", "x/y")
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.head("main") == mirror.find("main", delivered=Deliverable(branch="x")).sha
    repository.git("branch", "-D", "x/y")
    repository.git("branch", "x")
    monkeypatch.setattr(store, "MOST_REFS", 20)
    _too_many(repository)
    assert mirror.find("refs/heads/x", delivered=Deliverable(branch="x")).ref == "refs/heads/x"
