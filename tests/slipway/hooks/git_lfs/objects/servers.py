"""A repository with files in Git LFS, and its server."""

from __future__ import annotations

import base64
import hashlib
import tarfile
from typing import IO, TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk import BaseHook, Connection

from tests.fakes.git_http import GitWeb, git_web, make_authority
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "7e57-70ce9"
HEADER = "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode()
CONNECTIONS = {
    "token": Connection(conn_id="token", conn_type="git", login="ada", password=TOKEN),
    "key": Connection(conn_id="key", conn_type="git", extra='{"private_key": "x"}'),
}
MODEL = bytes(range(256)) * 900


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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


def pointer(content: bytes, size: int | None = None) -> str:
    oid = hashlib.sha256(content).hexdigest()
    size = len(content) if size is None else size
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


def with_files(web: GitWeb, name: str = "private", **files: str) -> tuple[Repository, str]:
    """Commit a model to LFS."""
    web.lfs[hashlib.sha256(MODEL).hexdigest()] = MODEL
    (web.base / name).parent.mkdir(exist_ok=True)
    repository = Repository(web.base / name, f"{web.url}/{name}/.git")
    sha = repository.commit(
        **{
            "_dot_gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
            "model_dot_bin": pointer(MODEL),
            "readme": "x",
            **files,
        }
    )
    return repository, sha


def content(tar: IO[bytes]) -> dict[str, bytes]:
    with tar, tarfile.open(fileobj=tar) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


def action(href: str, **header: str) -> dict[str, Any]:
    return {"actions": {"download": {"href": href, "header": header}}}
