"""Files in Git LFS are fetched from the repository's own server, with its own credentials."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import (
    LargeFilesElsewhere,
    RepositoryRefused,
    RepositoryTooLarge,
    RepositoryUnreachable,
)
from slipway.hooks.git import files as git_files
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git_lfs import server
from tests.fakes.git_http import GitWeb, git_web
from tests.fakes.git_server import IDENTITY, Repository
from tests.slipway.hooks.git_lfs.objects import servers
from tests.slipway.hooks.git_lfs.objects.servers import (
    HEADER,
    MODEL,
    action,
    content,
    pointer,
    with_files,
)

if TYPE_CHECKING:
    from pathlib import Path

installation, tls, web = servers.installation, servers.tls, servers.web


def test_a_package_holds_the_file_and_not_its_pointer(web: GitWeb) -> None:
    repository, sha = with_files(web, web__copy_dot_bin=pointer(MODEL))
    mirror = git_mirror(repository.url, "token")
    found = content(mirror.archive(sha))
    assert found["model.bin"] == found["web/copy.bin"] == MODEL
    assert found["readme"] == b"x"
    assert content(mirror.archive(sha, "web")) == {"web/copy.bin": MODEL}
    assert mirror.archive(sha).read() == mirror.archive(sha).read()
    assert set(web.shown) == {HEADER}
    batches = [path for path, _ in web.seen if path.endswith("/info/lfs/objects/batch")]
    assert batches == ["/private/.git/info/lfs/objects/batch"]  # the rest is kept


def test_a_workspace_holds_the_file_and_its_status_is_clean(web: GitWeb, tmp_path: Path) -> None:
    repository, sha = with_files(web)
    work = tmp_path / "work"
    tar = git_mirror(repository.url, "token").workspace(sha, branch="main")
    with tar, tarfile.open(fileobj=tar) as archive:
        archive.extractall(work, filter="fully_trusted")
    assert (work / "model.bin").read_bytes() == MODEL
    status = subprocess.run(
        ["git", "-C", str(work), "status", "--porcelain"],
        check=True,
        capture_output=True,
        env=IDENTITY,
    )
    assert status.stdout == b""


def test_a_submodules_file_is_fetched_from_its_own_server_with_its_own_credentials(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    with git_web(tmp_path / "served", tls) as other:
        library, pinned = with_files(other, "library")
        parent = Repository(web.base / "parent", f"{web.url}/parent/.git")
        parent.commit(_dot_gitmodules=f'[submodule "l"]\n\tpath = l\n\turl = {library.url}\n')
        parent.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},l")
        parent.git("commit", "--quiet", "-m", "vendor")
        sha = parent.git("rev-parse", "HEAD")
        assert content(git_mirror(parent.url, "token").archive(sha))["l/model.bin"] == MODEL
        assert other.shown == []


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (
            lambda oid, at: {"error": {"code": 404, "message": "gone\x1b[31m"}},
            "404, gone<U\\+001B>",
        ),
        (lambda oid, at: {}, "says nothing of it"),
        (lambda oid, at: {"actions": {"upload": {"href": at}}}, "says nothing of it"),
        (lambda oid, at: {"actions": {"download": {"href": 7}}}, "is none of LFS"),
        (lambda oid, at: action(f"{at}/objects/{'0' * 64}"), "the server answers 404"),
        (lambda oid, at: action(at.replace("https", "http")), "not encrypted"),
        (lambda oid, at: action("file:///etc/passwd"), "not encrypted"),
        (lambda oid, at: action("https://[bad"), "is none of LFS"),
        (lambda oid, at: action(f"{at}/objects/{oid}", Authorization="\u2028"), "is none of LFS"),
    ],
)
def test_what_cannot_be_had_is_named_with_its_reason(web: GitWeb, says: Any, why: str) -> None:
    repository, sha = with_files(web)
    web.lfs_action = says
    mirror = git_mirror(repository.url, "token")
    with pytest.raises(LargeFilesElsewhere, match=rf"model\.bin lies in Git LFS.*{why}"):
        mirror.archive(sha)
    with pytest.raises(LargeFilesElsewhere, match=r"model\.bin"):
        mirror.workspace(sha, branch="main")


@pytest.mark.parametrize("comes", [b"another", MODEL[:-1], MODEL + b"x", b"", MODEL[::-1]])
def test_what_is_not_what_the_pointer_says_is_refused_and_not_kept(
    web: GitWeb, comes: bytes, tmp_path: Path
) -> None:
    repository, sha = with_files(web)
    oid = hashlib.sha256(MODEL).hexdigest()
    web.lfs[oid] = comes
    mirror = git_mirror(repository.url, "token")
    with pytest.raises(LargeFilesElsewhere, match="what came is not what its pointer says"):
        mirror.archive(sha)
    assert not [path for path in (tmp_path / "mirrors").glob("*.git/lfs/*")]
    web.lfs[oid] = MODEL
    assert content(mirror.archive(sha))["model.bin"] == MODEL


def test_files_that_come_to_too_much_are_not_even_asked_for(web: GitWeb) -> None:
    repository, sha = with_files(web, large_dot_bin=pointer(b"large", size=3 << 30))
    with pytest.raises(RepositoryTooLarge, match="files in Git LFS come to 3072 MiB"):
        git_mirror(repository.url, "token").archive(sha)
    assert not [path for path, _ in web.seen if "lfs" in path]


def test_files_of_lfs_count_among_the_commits_files(
    web: GitWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"0" * (700 << 10)
    repository, _ = with_files(web)
    web.lfs[hashlib.sha256(content).hexdigest()] = content
    files = {f"f{number}_dot_bin": pointer(content) for number in range(2)}
    sha = repository.commit(zeros="0" * (500 << 10), **files)
    monkeypatch.setattr(git_files, "MOST_FILES", 2 << 20)
    with pytest.raises(RepositoryTooLarge, match="come to more than 2 MiB"):
        git_mirror(repository.url, "token").archive(sha)


def test_an_endless_answer_ends(web: GitWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MOST_ANSWER", 1 << 10)
    repository, sha = with_files(web)
    web.lfs_action = lambda oid, at: {"error": {"message": "x" * 10_000}}
    with pytest.raises(LargeFilesElsewhere, match="longer than 0 MiB"):
        git_mirror(repository.url, "token").archive(sha)


def test_without_the_credentials_there_is_no_file(web: GitWeb) -> None:
    """The repository is open to all, its files are not."""
    repository, sha = with_files(web)
    mirror = git_mirror(repository.url, "token")
    mirror.find("main")
    with pytest.raises(RepositoryRefused):
        git_mirror(repository.url, None).archive(sha)


def test_a_server_that_is_away_is_worth_another_try(web: GitWeb) -> None:
    repository, sha = with_files(web)
    web.lfs_action = lambda oid, _: action("https://127.0.0.1:1/x")
    with pytest.raises(RepositoryUnreachable, match=r"model\.bin"):
        git_mirror(repository.url, "token").archive(sha)


def test_a_public_repository_needs_no_credentials(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    with git_web(tmp_path / "open") as web:
        repository, sha = with_files(web)
        assert content(git_mirror(repository.url, None).archive(sha))["model.bin"] == MODEL
        assert web.shown == []
