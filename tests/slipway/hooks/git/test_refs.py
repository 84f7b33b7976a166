"""Names that somebody gave to a branch or a tag so that they would be taken for another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RefAmbiguous, RefNotFound
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.refs import of_ls_remote
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


@pytest.fixture
def good(repository: Repository) -> str:
    """A reviewed commit on main, tagged v1.4.0; what follows is on a branch of an attacker's."""
    sha = repository.commit(readme="reviewed")
    repository.git("tag", "v1.4.0")
    repository.git("checkout", "--quiet", "-b", "attack")
    repository.commit(readme="nobody's")
    return sha


def test_a_branch_named_like_a_tag_makes_the_name_ambiguous(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    repository.git("branch", "v1.4.0")
    with pytest.raises(RefAmbiguous, match=r"the branch v1\.4\.0 and the tag v1\.4\.0") as refused:
        mirror.find("v1.4.0")
    assert refused.value.advice == "write refs/heads/v1.4.0 or refs/tags/v1.4.0"
    assert mirror.find("refs/tags/v1.4.0").sha == good
    assert mirror.find("refs/heads/v1.4.0").sha != good


def test_a_branch_named_like_a_tags_full_ref_does_not_win(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    repository.git("branch", "refs/tags/v1.4.0")
    repository.git("branch", "refs/heads/main")
    assert mirror.find("refs/tags/v1.4.0").sha == good
    assert mirror.find("refs/heads/main").sha == good
    assert mirror.find("refs/heads/refs/heads/main").sha != good


def test_a_branch_or_tag_named_like_a_sha_does_not_win(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    evil = repository.git("rev-parse", "HEAD")
    repository.git("update-ref", f"refs/heads/{good}", evil)
    repository.git("update-ref", f"refs/tags/{good}", evil)
    found = mirror.find(good)
    assert (found.sha, found.ref) == (good, None)
    assert mirror.find(good.upper()).sha == good
    assert mirror.archive(good).read() == mirror.archive(mirror.find("refs/heads/main").sha).read()
    assert mirror.read(good, "readme") == b"reviewed"
    assert mirror.commit(good).sha == good
    assert mirror.version(good).name.endswith(good[:7])
    assert mirror.version(good).name.startswith("1.4.0+0")


def test_a_branch_named_like_a_sha_that_is_not_there_is_not_found(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    repository.git("update-ref", f"refs/heads/{'a' * 40}", "HEAD")
    with pytest.raises(RefNotFound, match=r"a{40} names no commit"):
        mirror.find("a" * 40)


@pytest.mark.parametrize("kind", ["heads", "tags"])
def test_a_branch_or_tag_named_like_a_short_sha_makes_it_ambiguous(
    repository: Repository, mirror: GitMirror, good: str, kind: str
) -> None:
    short = good[:8]
    repository.git("update-ref", f"refs/{kind}/{short}", "HEAD")
    with pytest.raises(RefAmbiguous, match=f"the commit {good}") as refused:
        mirror.find(short)
    assert refused.value.advice == f"write refs/{kind}/{short} or {good}"
    assert mirror.find(good).sha == good
    assert mirror.find(good[:9]).sha == good


def test_a_tag_named_like_the_branch_makes_the_name_ambiguous(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    repository.git("tag", "main")
    with pytest.raises(RefAmbiguous):
        mirror.find("main")
    assert mirror.find("refs/heads/main").sha == good


@pytest.mark.parametrize(
    "name",
    [
        "HEAD",
        "@",
        "heads/main",
        "tags/v1.4.0",
        "refs/main",
        "refs/heads",
        "refs/pull/1/head",
        "MAIN",
        "refs/heads/Main",
        "m\u0430in",
        "main\u200b",
        "FETCH_HEAD",
        "v1.4.0-0-g",
        "main@{0}",
        "origin/main",
        "refs/remotes/origin/main",
        "attack~1",
        "v1.4.0^{}",
        ":/reviewed",
    ],
)
def test_names_that_git_would_make_something_of(
    repository: Repository, mirror: GitMirror, good: str, name: str
) -> None:
    repository.git("update-ref", "refs/pull/1/head", "HEAD")
    with pytest.raises(RefNotFound):
        mirror.find(name)


def test_odd_names_mean_the_branch_that_is_called_so(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    odd = repository.git("rev-parse", "HEAD")
    for name in ("HEAD", "heads/main", "m\u0430in"):
        repository.git("update-ref", f"refs/heads/{name}", odd)
        assert mirror.find(name).ref == f"refs/heads/{name}"
    assert mirror.find("main").sha == good


def test_a_branch_that_is_a_symbolic_ref_is_where_it_leads(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    repository.git("symbolic-ref", "refs/heads/latest", "refs/heads/main")
    repository.git("pack-refs", "--all")
    assert mirror.find("latest").sha == good
    assert mirror.head("latest") == good


def test_tags_of_tags_and_tags_of_files(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    repository.git("tag", "-a", "-m", "once", "once", good)
    repository.git("tag", "-a", "-m", "twice", "twice", "once")
    repository.git("tag", "blob", f"{good}:readme")
    assert mirror.find("twice").sha == good
    with pytest.raises(RefNotFound, match="the tag blob names no commit"):
        mirror.find("blob")
    with pytest.raises(RefNotFound, match="is a tag's own object"):
        mirror.find(repository.git("rev-parse", "twice"))


def test_a_pull_requests_ref_is_not_fetched(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    fork = repository.git("rev-parse", "HEAD")
    repository.git("update-ref", "refs/pull/1/head", fork)
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "-D", "attack")
    with pytest.raises(RefNotFound):
        mirror.find(fork)
    with pytest.raises(RefNotFound):
        mirror.find(fork[:10])
    assert mirror.refs.all().keys() == {"refs/heads/main", "refs/tags/v1.4.0"}


def test_names_that_are_no_unicode_stop_nobody(
    repository: Repository, mirror: GitMirror, good: str
) -> None:
    (repository.path / ".git" / "packed-refs").write_bytes(
        b"# pack-refs with: peeled fully-peeled sorted \n"
        + good.encode()
        + b" refs/heads/\xff\xfe\n"
    )
    assert mirror.find("main").sha == good
    with pytest.raises(RefNotFound):
        mirror.find("\ufffd\ufffd")


def test_only_the_second_column_of_ls_remote_is_a_name() -> None:
    answer = b"1\trefs/heads/a/refs/heads/main\n2\trefs/heads/main\n3\trefs/tags/x^{}\n\n"
    assert of_ls_remote(answer)["refs/heads/main"] == "2"
