from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RefNotFound, RepositoryRefused, RepositoryUnreachable
from slipway.hooks.git_mirror import GitMirror
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


def _names(tar: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return sorted(member.name for member in archive if member.isfile())


def test_resolves_branch_tag_and_sha(repository: Repository, mirror: GitMirror) -> None:
    first = repository.commit(readme="one")
    repository.git("tag", "v1.0.0")
    second = repository.commit(readme="two")
    assert mirror.resolve("main") == second
    assert mirror.resolve("v1.0.0") == first
    assert mirror.resolve("refs/tags/v1.0.0") == first
    assert mirror.resolve(first) == first
    assert mirror.resolve(first[:8]) == first
    assert mirror.is_tag("v1.0.0")
    assert not mirror.is_tag("main")


def test_a_moved_branch_is_seen(repository: Repository, mirror: GitMirror) -> None:
    repository.commit(readme="one")
    mirror.resolve("main")
    second = repository.commit(readme="two")
    assert mirror.resolve("main") == second


def test_an_unknown_ref_names_the_nearest(repository: Repository, mirror: GitMirror) -> None:
    repository.commit()
    repository.git("branch", "feature/login")
    with pytest.raises(RefNotFound, match="did you mean 'feature/login'"):
        mirror.resolve("feature/logn")


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
        mirror.resolve(ref)


@pytest.mark.parametrize("url", ["ext::sh -c id", "file:///etc", "/etc", "--upload-pack=x", "a b"])
def test_other_transports_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(RepositoryRefused):
        GitMirror(url=url, root=tmp_path)


def test_a_server_that_does_not_answer_may_be_tried_again(tmp_path: Path) -> None:
    mirror = GitMirror(url="git://127.0.0.1:1/x.git", root=tmp_path)
    with pytest.raises(RepositoryUnreachable):
        mirror.resolve("main")


def test_a_repository_that_is_not_there_is_refused(
    daemon: tuple[Path, str], tmp_path: Path
) -> None:
    mirror = GitMirror(url=f"{daemon[1]}/nothing-here", root=tmp_path)
    with pytest.raises(RepositoryRefused):
        mirror.resolve("main")


def test_versions_sort_as_history_does(repository: Repository, mirror: GitMirror) -> None:
    shas = [repository.commit(readme=str(n)) for n in range(3)]
    repository.git("tag", "v1.2.0")
    shas.append(repository.commit(readme="after"))
    repository.git("tag", "v1.10.0")
    repository.git("tag", "nightly")
    shas.append(repository.commit(readme="last"))
    mirror.resolve("main")
    versions = [mirror.version(sha) for sha in shas]
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
        secret="kept", id="$Format:%H$", src__a="x",
    )  # fmt: skip
    tar = mirror.archive(sha)
    assert _names(tar) == [".gitattributes", "id", "secret", "src/a"]
    assert b"$Format:%H$" in tar
    assert _names(mirror.archive(sha, "src")) == ["src/a"]
    assert mirror.archive(sha) == tar
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


def test_submodules_are_part_of_the_tree(
    repository: Repository, daemon: tuple[Path, str], tmp_path: Path
) -> None:
    base, url = daemon
    library = Repository(base / "library", f"{url}/library")
    pinned = library.commit(code="old")
    library.commit(code="new")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},vendor/lib")
    (repository.path / ".gitmodules").write_text(
        '[submodule "lib"]\n\tpath = vendor/lib\n\turl = ../library\n'
    )
    repository.git("add", ".gitmodules")
    repository.git("commit", "--quiet", "-m", "vendor")
    sha = repository.git("rev-parse", "HEAD")
    mirror = GitMirror(url=repository.url, root=tmp_path / "m")
    tar = mirror.archive(sha)
    assert _names(tar) == [".gitmodules", "vendor/lib/code"]
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        member = archive.extractfile("vendor/lib/code")
        assert member is not None
        assert member.read() == b"old"


def test_a_workspace_has_the_history_and_a_clean_status(
    repository: Repository, mirror: GitMirror, tmp_path: Path
) -> None:
    repository.commit(readme="one")
    repository.git("tag", "v1.0.0")
    sha = repository.commit(readme="two", run_dot_sh="x")

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(work), *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    for depth, commits in ((0, 2), (1, 1)):
        work = tmp_path / str(depth)
        tar = mirror.workspace(mirror.resolve("main"), branch="main", depth=depth)
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            archive.extractall(work, filter="fully_trusted")
        assert git("status", "--porcelain") == ""
        assert git("rev-parse", "HEAD") == sha
        assert git("rev-parse", "--abbrev-ref", "HEAD") == "main"
        assert git("rev-list", "--count", "HEAD") == str(commits)
        assert git("remote", "get-url", "origin") == repository.url
    work = tmp_path / "0"
    assert git("describe", "--tags").startswith("v1.0.0-1-g")
