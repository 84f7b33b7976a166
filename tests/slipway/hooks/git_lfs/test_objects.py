"""Files in Git LFS are fetched from the repository's own server, with its own credentials."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from unittest import mock

import pytest
from airflow.sdk import BaseHook, Connection

from slipway.exceptions import (
    LargeFilesElsewhere,
    RepositoryRefused,
    RepositoryTooLarge,
    RepositoryUnreachable,
    SlipwayError,
)
from slipway.hooks.git import files as git_files
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git_lfs import server
from slipway.hooks.git_lfs.server import Action, Endpoint, NotThere, check_way, given
from tests.fakes.git_http import GitWeb, git_web, make_authority
from tests.fakes.git_server import IDENTITY, Repository

TOKEN = "7e57-70ce9"
HEADER = "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode()
CONNECTIONS = {
    "token": Connection(conn_id="token", conn_type="git", login="ada", password=TOKEN),
    "key": Connection(conn_id="key", conn_type="git", extra='{"private_key": "x"}'),
}
MODEL = bytes(range(256)) * 900


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__GIT_MIRRORS", str(tmp_path / "mirrors"))
    get = CONNECTIONS.__getitem__
    with mock.patch.object(BaseHook, "get_connection", autospec=True, side_effect=get):
        yield


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    made = make_authority(tmp_path)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(made[0]))
    (tmp_path / "served").mkdir()
    return made


@pytest.fixture
def web(tmp_path: Path, tls: tuple[Path, Path]) -> Iterator[GitWeb]:
    """A private server with TLS, that has LFS."""
    with git_web(tmp_path / "served", tls) as web:
        web.authorization = HEADER
        yield web


def _pointer(content: bytes, size: int | None = None) -> str:
    oid = hashlib.sha256(content).hexdigest()
    size = len(content) if size is None else size
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def _repository(web: GitWeb, name: str = "private", **files: str) -> tuple[Repository, str]:
    """Commit a model to LFS."""
    web.lfs[hashlib.sha256(MODEL).hexdigest()] = MODEL
    (web.base / name).parent.mkdir(exist_ok=True)
    repository = Repository(web.base / name, f"{web.url}/{name}/.git")
    sha = repository.commit(
        **{
            "_dot_gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
            "model_dot_bin": _pointer(MODEL),
            "readme": "x",
            **files,
        }
    )
    return repository, sha


def _content(tar: IO[bytes]) -> dict[str, bytes]:
    with tar, tarfile.open(fileobj=tar) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_a_package_holds_the_file_and_not_its_pointer(web: GitWeb) -> None:
    repository, sha = _repository(web, web__copy_dot_bin=_pointer(MODEL))
    mirror = git_mirror(repository.url, "token")
    found = _content(mirror.archive(sha))
    assert found["model.bin"] == found["web/copy.bin"] == MODEL
    assert found["readme"] == b"x"
    assert _content(mirror.archive(sha, "web")) == {"web/copy.bin": MODEL}
    assert mirror.archive(sha).read() == mirror.archive(sha).read()
    assert set(web.shown) == {HEADER}
    batches = [path for path, _ in web.seen if path.endswith("/info/lfs/objects/batch")]
    assert batches == ["/private/.git/info/lfs/objects/batch"]  # the rest is kept


def test_a_workspace_holds_the_file_and_its_status_is_clean(web: GitWeb, tmp_path: Path) -> None:
    repository, sha = _repository(web)
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
        library, pinned = _repository(other, "library")
        parent = Repository(web.base / "parent", f"{web.url}/parent/.git")
        parent.commit(_dot_gitmodules=f'[submodule "l"]\n\tpath = l\n\turl = {library.url}\n')
        parent.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},l")
        parent.git("commit", "--quiet", "-m", "vendor")
        sha = parent.git("rev-parse", "HEAD")
        assert _content(git_mirror(parent.url, "token").archive(sha))["l/model.bin"] == MODEL
        assert other.shown == []


def test_a_commits_own_settings_lead_nowhere(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    with git_web(tmp_path / "served", tls) as thief:
        settings = f"[lfs]\n\turl = {thief.url}/x/.git/info/lfs\n\tpushurl = {thief.url}\n"
        settings += '[lfs "customtransfer.x"]\n\tpath = /bin/sh\n'
        repository, sha = _repository(web, _dot_lfsconfig=settings)
        assert _content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
        assert thief.seen == []


def _action(href: str, **header: str) -> dict[str, Any]:
    return {"actions": {"download": {"href": href, "header": header}}}


def test_a_store_elsewhere_is_shown_what_the_server_says_and_no_token(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    repository, sha = _repository(web)
    with git_web(tmp_path / "served", tls) as store:
        store.lfs = web.lfs
        web.lfs_action = lambda oid, _: _action(
            f"{store.url}/store/{oid}", Authorization="for-the-store", Host="evil.example"
        )
        assert _content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
        assert store.shown == ["for-the-store"]


def test_a_store_on_the_same_server_but_not_below_the_repository_gets_no_token(web: GitWeb) -> None:
    repository, sha = _repository(web)
    web.lfs_action = lambda oid, _: _action(f"{web.url}/store/{oid}")
    assert _content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
    assert [shown for path, shown in web.seen if path.startswith("/store/")] == [None]


def test_a_redirect_of_a_file_is_followed_without_what_was_meant_for_the_first_place(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    repository, sha = _repository(web)
    with git_web(tmp_path / "served", tls) as store:
        store.lfs = web.lfs
        oid = hashlib.sha256(MODEL).hexdigest()
        web.redirects[f"/private/.git/info/lfs/objects/{oid}"] = f"{store.url}/store/{oid}"
        assert _content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
        assert store.seen == [(f"/store/{oid}", None)]


def test_a_server_chooses_no_header_that_opens_what_is_no_store() -> None:
    header = {
        "Metadata-Flavor": "Google",
        "X-aws-ec2-metadata-token": "t",
        "Metadata": "true",
        "Host": "x",
        "Authorization": "for-an-hour",
        "x-amz-content-sha256": "a",
        "x-ms-version": "1",
    }
    assert given(Action(href="https://store.example/x", header=header)) == {
        "Authorization": "for-an-hour",
        "x-amz-content-sha256": "a",
        "x-ms-version": "1",
    }


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "http://git.example:81/x", "ftp://git.example/x"]
)
def test_a_server_without_encryption_sends_nobody_to_another_one(url: str) -> None:
    endpoint = Endpoint(url="http://git.example/shop.git/info/lfs")
    check_way("http://git.example/anywhere", endpoint)
    check_way("https://store.example/x", endpoint)
    with pytest.raises(NotThere, match="not encrypted"):
        check_way(url, endpoint)


def test_a_redirect_of_the_question_is_not_followed(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    repository, sha = _repository(web)
    with git_web(tmp_path / "served", tls) as thief:
        web.redirects["/private/.git/info/lfs/objects/batch"] = f"{thief.url}/private/.git/info"
        with pytest.raises(LargeFilesElsewhere, match=r"model\.bin .*the server answers 302"):
            git_mirror(repository.url, "token").archive(sha)
        assert thief.seen == []


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
        (lambda oid, at: _action(f"{at}/objects/{'0' * 64}"), "the server answers 404"),
        (lambda oid, at: _action(at.replace("https", "http")), "not encrypted"),
        (lambda oid, at: _action("file:///etc/passwd"), "not encrypted"),
        (lambda oid, at: _action("https://[bad"), "is none of LFS"),
        (lambda oid, at: _action(f"{at}/objects/{oid}", Authorization="\u2028"), "is none of LFS"),
    ],
)
def test_what_cannot_be_had_is_named_with_its_reason(web: GitWeb, says: Any, why: str) -> None:
    repository, sha = _repository(web)
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
    repository, sha = _repository(web)
    oid = hashlib.sha256(MODEL).hexdigest()
    web.lfs[oid] = comes
    mirror = git_mirror(repository.url, "token")
    with pytest.raises(LargeFilesElsewhere, match="what came is not what its pointer says"):
        mirror.archive(sha)
    assert not [path for path in (tmp_path / "mirrors").glob("*.git/lfs/*")]
    web.lfs[oid] = MODEL
    assert _content(mirror.archive(sha))["model.bin"] == MODEL


def test_files_that_come_to_too_much_are_not_even_asked_for(web: GitWeb) -> None:
    repository, sha = _repository(web, large_dot_bin=_pointer(b"large", size=3 << 30))
    with pytest.raises(RepositoryTooLarge, match="files in Git LFS come to 3072 MiB"):
        git_mirror(repository.url, "token").archive(sha)
    assert not [path for path, _ in web.seen if "lfs" in path]


def test_files_of_lfs_count_among_the_commits_files(
    web: GitWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"0" * (700 << 10)
    repository, _ = _repository(web)
    web.lfs[hashlib.sha256(content).hexdigest()] = content
    files = {f"f{number}_dot_bin": _pointer(content) for number in range(2)}
    sha = repository.commit(zeros="0" * (500 << 10), **files)
    monkeypatch.setattr(git_files, "MOST_FILES", 2 << 20)
    with pytest.raises(RepositoryTooLarge, match="come to more than 2 MiB"):
        git_mirror(repository.url, "token").archive(sha)


def test_an_endless_answer_ends(web: GitWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MOST_ANSWER", 1 << 10)
    repository, sha = _repository(web)
    web.lfs_action = lambda oid, at: {"error": {"message": "x" * 10_000}}
    with pytest.raises(LargeFilesElsewhere, match="longer than 0 MiB"):
        git_mirror(repository.url, "token").archive(sha)


def test_without_the_credentials_there_is_no_file(web: GitWeb) -> None:
    """The repository is open to all, its files are not."""
    repository, sha = _repository(web)
    mirror = git_mirror(repository.url, "token")
    mirror.find("main")
    with pytest.raises(RepositoryRefused):
        git_mirror(repository.url, None).archive(sha)


def test_a_server_that_is_away_is_worth_another_try(web: GitWeb) -> None:
    repository, sha = _repository(web)
    web.lfs_action = lambda oid, _: _action("https://127.0.0.1:1/x")
    with pytest.raises(RepositoryUnreachable, match=r"model\.bin"):
        git_mirror(repository.url, "token").archive(sha)


def test_a_public_repository_needs_no_credentials(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    with git_web(tmp_path / "open") as web:
        repository, sha = _repository(web)
        assert _content(git_mirror(repository.url, None).archive(sha))["model.bin"] == MODEL
        assert web.shown == []


@pytest.fixture
def by_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """An ssh that runs what it is asked to here, and answers for LFS; gives where it notes that."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    note = tmp_path / "asked"

    def answering(answer: str) -> Path:
        script = tmp_path / "bin" / "ssh"
        script.write_text(
            "#!/bin/sh\nfor last; do :; done\n"
            f'printf "%s\\n" "$@" "" >> {note}\n'
            f'case "$last" in git-lfs-authenticate*) {answer};; *) exec sh -c "$last";; esac\n'
        )
        script.chmod(0o755)
        return note

    return answering


def _said(href: str) -> str:
    said = json.dumps({"href": href, "header": {"Authorization": "for-an-hour"}, "expires_in": 1})
    return f"printf '%s' '{said}'"


def test_over_ssh_the_server_says_where_files_are_and_what_is_shown_there(
    web: GitWeb, by_ssh: Callable[[str], Path]
) -> None:
    repository, sha = _repository(web)
    web.authorization = "for-an-hour"
    note = by_ssh(_said(f"{web.url}/private/.git/info/lfs"))
    path = f"{repository.path}/.git"
    for url in (f"ssh://git@127.0.0.1:2222{path}", f"git@127.0.0.1:{path}"):
        assert _content(git_mirror(url, "key").archive(sha))["model.bin"] == MODEL
    assert set(web.shown) == {"for-an-hour"}
    asked = note.read_text().split("\n\n")
    ours = [call.split("\n") for call in asked if "git-lfs-authenticate" in call]
    for call in ours:
        assert call[-3:] == ["--", "git@127.0.0.1", f"git-lfs-authenticate {path} download"]
        assert {"IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "-i"} <= set(call)
    assert "2222" in ours[0]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_said("http://127.0.0.1:1/x"), "not encrypted"),
        ("echo nothing", "is none of LFS"),
        ("echo no such command >&2; exit 127", "no such command"),
        ("yes", "cannot read"),
        ("echo Permission denied >&2; exit 1", "refused us"),
    ],
)
def test_over_ssh_what_cannot_be_had_is_named_with_its_reason(
    web: GitWeb, by_ssh: Callable[[str], Path], answer: str, why: str
) -> None:
    repository, sha = _repository(web)
    by_ssh(answer)
    with pytest.raises(SlipwayError, match=rf"model\.bin lies in Git LFS.*{why}"):
        git_mirror(f"ssh://git@127.0.0.1{repository.path}/.git", "key").archive(sha)


def test_a_path_is_no_command_over_ssh(
    web: GitWeb, by_ssh: Callable[[str], Path], tmp_path: Path
) -> None:
    repository, sha = _repository(web, "a;touch$IFS$0.touched;b")
    note = by_ssh(_said(f"{web.url}/private/.git/info/lfs"))
    web.authorization = "for-an-hour"
    path = f"{repository.path}/.git"
    git_mirror(f"ssh://git@127.0.0.1{path}", "key").archive(sha).close()
    assert f"git-lfs-authenticate '{path}' download" in note.read_text()
