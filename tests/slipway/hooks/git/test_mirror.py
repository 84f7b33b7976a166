from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING

import pytest

from slipway.exceptions import RefNotFound, RepositoryRefused, RepositoryUnreachable
from slipway.hooks.git.mirror import GitMirror
from tests.slipway.hooks.git.mirror import mirrors

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

mirror = mirrors.mirror


def _names(tar: IO[bytes]) -> list[str]:
    tar.seek(0)
    with tarfile.open(fileobj=tar) as archive:
        return sorted(member.name for member in archive if member.isfile())


def test_resolves_branch_tag_and_sha(repository: Repository, mirror: GitMirror) -> None:
    first = repository.commit(readme="one")
    repository.git("tag", "v1.0.0")
    second = repository.commit(readme="two")
    assert mirror.find("main").sha == second
    assert mirror.find("v1.0.0").sha == first
    assert mirror.find("refs/tags/v1.0.0").sha == first
    assert mirror.find(first).sha == first
    assert mirror.find(first[:8]).sha == first
    assert mirror.find("v1.0.0").ref == "refs/tags/v1.0.0"
    assert mirror.find("main").ref == "refs/heads/main"
    assert mirror.find(first).ref is None


def test_a_moved_branch_is_seen(repository: Repository, mirror: GitMirror) -> None:
    repository.commit(readme="one")
    mirror.find("main")
    second = repository.commit(readme="two")
    assert mirror.find("main").sha == second


def test_an_unknown_ref_names_the_nearest(repository: Repository, mirror: GitMirror) -> None:
    repository.commit()
    repository.git("branch", "feature/login")
    with pytest.raises(RefNotFound, match="did you mean 'feature/login'"):
        mirror.find("feature/logn")


@pytest.mark.parametrize(
    "ref",
    [
        "--upload-pack=touch /tmp/x",
        "-x",
        "a..b",
        "a b",
        "a\nb",
        "HEAD^",
        "a:b",
        "@{u}",
        "",
        "x.lock",
    ],
)
def test_hostile_refs_are_refused_before_git_sees_them(mirror: GitMirror, ref: str) -> None:
    with pytest.raises(RefNotFound):
        mirror.find(ref)


@pytest.mark.parametrize("url", ["ext::sh -c id", "file:///etc", "/etc", "--upload-pack=x", "a b"])
def test_other_transports_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(RepositoryRefused):
        GitMirror(url=url, root=tmp_path)


def test_a_server_that_does_not_answer_may_be_tried_again(tmp_path: Path) -> None:
    mirror = GitMirror(url="git://127.0.0.1:1/x.git", root=tmp_path)
    with pytest.raises(RepositoryUnreachable):
        mirror.find("main")


def test_a_repository_that_is_not_there_is_refused(
    daemon: tuple[Path, str], tmp_path: Path
) -> None:
    mirror = GitMirror(url=f"{daemon[1]}/nothing-here", root=tmp_path)
    with pytest.raises(RepositoryRefused):
        mirror.find("main")


def test_versions_sort_as_history_does(repository: Repository, mirror: GitMirror) -> None:
    shas = [repository.commit(readme=str(n)) for n in range(3)]
    repository.git("tag", "v1.2.0")
    shas.append(repository.commit(readme="after"))
    repository.git("tag", "v1.10.0")
    repository.git("tag", "nightly")
    shas.append(repository.commit(readme="last"))
    mirror.find("main")
    versions = [mirror.version(sha).name for sha in shas]
    assert versions == [
        f"0.0.0+1.g{shas[0][:7]}",
        f"0.0.0+2.g{shas[1][:7]}",
        f"1.2.0+0.g{shas[2][:7]}",
        f"1.10.0+0.g{shas[3][:7]}",
        f"1.10.0+1.g{shas[4][:7]}",
    ]


def test_an_archive_is_the_tree_whatever_its_attributes_say(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit(
        _dot_gitattributes="secret export-ignore\nid export-subst\n",
        secret="kept",
        id="$Format:%H$",
        src__a="x",
    )
    tar = mirror.archive(sha)
    assert _names(tar) == [".gitattributes", "id", "secret", "src/a"]
    tar.seek(0)
    assert b"$Format:%H$" in tar.read()
    assert _names(mirror.archive(sha, "src")) == ["src/a"]
    tar.seek(0)
    assert mirror.archive(sha).read() == tar.read()
    assert mirror.read(sha, "src/a") == b"x"
    assert mirror.read(sha, "src") is None
    with pytest.raises(RepositoryRefused, match="no migrations"):
        mirror.archive(sha, "migrations")


def test_a_fresh_worker_fetches_what_it_lacks(repository: Repository, tmp_path: Path) -> None:
    sha = repository.commit(readme="one")
    other = GitMirror(url=repository.url, root=tmp_path / "another-worker")
    assert other.read(sha, "readme") == b"one"


def test_commit_facts(repository: Repository, mirror: GitMirror) -> None:
    first = repository.commit()
    sha = repository.commit("Subject\n\nBody with {{ jinja }} and $(shell)")
    found = mirror.commit(sha)
    assert (found.parent, found.author_name, found.author_email) == (
        first,
        "Ada",
        "ada@example.com",
    )
    assert found.message == "Subject\n\nBody with {{ jinja }} and $(shell)"
    assert found.committed_at == 1_700_000_120


def test_new_commits_come_oldest_first(repository: Repository, mirror: GitMirror) -> None:
    shas = [repository.commit(readme=str(n)) for n in range(4)]
    assert mirror.head("main") == shas[3]
    assert mirror.head("absent") is None
    assert mirror.commits_since(shas[0], shas[3]) == shas[1:]
    assert mirror.commits_since("0" * 40, shas[3]) == [shas[3]]


def test_a_branch_whose_name_ends_like_mains_ref_is_not_main(
    repository: Repository, mirror: GitMirror
) -> None:
    right = repository.commit(readme="reviewed")
    repository.git("checkout", "--quiet", "-b", "a/refs/heads/main")
    repository.commit(readme="nobody's")
    repository.git("branch", "refs/heads/main")
    repository.git("tag", "refs/heads/main")
    assert mirror.head("main") == right
    assert mirror.head("ain") is None
    assert mirror.head("refs/heads/main") != right
    repository.git("checkout", "--quiet", "main")
    later = repository.commit(readme="also reviewed")
    assert mirror.head("main") == later


def test_a_space_in_a_tag_that_only_python_sees_breaks_no_version(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit()
    for tag in ("x\u2003v9.9.9", "x\u2028v9.9.8", "v\u0663.0.0", f"v1.0.{'9' * 200}", "v1.2.3"):
        repository.git("tag", tag)
    mirror.find("main")
    assert mirror.version(sha).name == f"1.2.3+0.g{sha[:7]}"


def test_a_clock_that_is_set_forward_moves_no_commit(
    repository: Repository, mirror: GitMirror
) -> None:
    first = repository.commit(readme="one")
    repository.git("checkout", "--quiet", "-b", "side")
    side = [repository.commit(readme=f"side {n}") for n in range(3)]
    repository.git("checkout", "--quiet", "main")
    second = repository.commit(other="two")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    merge = repository.git("rev-parse", "HEAD")
    repository._clock = 2_114_380_800  # the year 2037
    future = repository.commit(readme="future")
    repository._clock = 1_700_000_000
    last = repository.commit(readme="last")
    assert mirror.line("main") == [last, future, merge, second, first]
    places = [mirror.position(sha, last) for sha in (first, second, merge, future, last)]
    assert places == [1, 2, 3, 4, 5]
    assert {mirror.position(sha, last) for sha in side} == {1}
