"""What git is told, what it may find by itself, and where it shows it."""

from __future__ import annotations

import base64
import stat
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RepositoryRefused
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from tests.fakes.git_http import GitWeb, git_web, make_authority
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.credentials import servers
from tests.slipway.hooks.git.credentials.servers import TOKEN, spy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

installation = servers.installation
HEADER = "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitWeb]:
    """A private server with TLS, whose certificate the machine believes."""
    tls = make_authority(tmp_path)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(tls[0]))
    (tmp_path / "served").mkdir()
    with git_web(tmp_path / "served", tls) as web:
        web.authorization = HEADER
        yield web


def _repository(web: GitWeb, name: str = "private") -> Repository:
    (web.base / name).parent.mkdir(exist_ok=True)
    return Repository(web.base / name, f"{web.url}/{name}/.git")


def test_a_token_opens_its_repository(web: GitWeb) -> None:
    repository = _repository(web)
    sha = repository.commit(readme="secret")
    assert git_mirror(repository.url, "token").read(sha, "readme") == b"secret"
    assert set(web.shown) == {HEADER}


def test_data_centers_token_of_a_repository_opens_it_by_itself(web: GitWeb) -> None:
    web.authorization = f"Bearer {TOKEN}"
    repository = _repository(web, "scm/shop")
    sha = repository.commit(readme="secret")
    assert git_mirror(repository.url, "repository").read(sha, "readme") == b"secret"
    assert set(web.shown) == {web.authorization}


def test_a_project_without_credentials_gets_nothing_that_another_ones_fetched(web: GitWeb) -> None:
    repository = _repository(web)
    sha = repository.commit(readme="secret")
    git_mirror(repository.url, "token").archive(sha)
    for connection in (None, "other"):
        with pytest.raises(RepositoryRefused, match="refused us"):
            git_mirror(repository.url, connection).read(sha, "readme")
        with pytest.raises(RepositoryRefused, match="refused us"):
            git_mirror(repository.url, connection).archive(sha)


def _vendor(parent: Repository, url: str, pinned: str, path: str = "lib") -> str:
    parent.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},{path}")
    file = parent.path / ".gitmodules"
    before = file.read_text() if file.exists() else ""
    file.write_text(f'{before}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
    parent.git("add", ".gitmodules")
    parent.git("commit", "--quiet", "-m", "vendor")
    return parent.git("rev-parse", "HEAD")


def test_a_submodule_gets_no_private_tree_of_another_project(
    web: GitWeb, repository: Repository
) -> None:
    private = _repository(web)
    pinned = private.commit(readme="secret")
    git_mirror(private.url, "token").archive(pinned)
    sha = _vendor(repository, private.url, pinned)
    with pytest.raises(RepositoryRefused, match="submodule lib: ") as refused:
        git_mirror(repository.url, None).archive(sha)
    assert "`submodules`" in refused.value.advice


def test_a_submodule_gets_the_credentials_that_the_project_names_and_no_others(
    web: GitWeb, tmp_path: Path
) -> None:
    parent, library = _repository(web), _repository(web, "org/library")
    pinned = library.commit(code="x")
    sha = _vendor(parent, library.url, pinned)
    with pytest.raises(RepositoryRefused):
        git_mirror(parent.url, "token").archive(sha)
    with pytest.raises(RepositoryRefused):
        git_mirror(parent.url, "token", {f"{web.url}/organ/": "token"}).archive(sha)
    assert git_mirror(parent.url, "token", {f"{web.url}/org/": "token"}).archive(sha)
    with git_web(tmp_path / "served", (tmp_path / "ca.pem", tmp_path / "ca.key")) as stranger:
        stranger_url = f"{stranger.url}/org/library/.git"
        again = _vendor(parent, stranger_url, pinned, "again")
        assert git_mirror(parent.url, "token", {f"{web.url}/": "token"}).archive(again)
        assert stranger.seen
        assert stranger.shown == []


def test_of_two_places_the_nearer_one_decides(web: GitWeb) -> None:
    parent, library = _repository(web), _repository(web, "org/library")
    sha = _vendor(parent, library.url, library.commit(code="x"))
    places = {f"{web.url}/": "other", f"{web.url}/org/": "token"}
    assert git_mirror(parent.url, "token", places).archive(sha)


def test_a_redirect_gets_no_credentials(web: GitWeb, tmp_path: Path) -> None:
    repository = _repository(web)
    repository.commit()
    with git_web(tmp_path / "served", (tmp_path / "ca.pem", tmp_path / "ca.key")) as thief:
        web.redirects["/moved"] = f"{thief.url}/private/.git"
        web.redirects["/private/.git/git-upload-pack"] = f"{thief.url}/private/.git/git-upload-pack"
        for url in (f"{web.url}/moved", repository.url):
            with pytest.raises(RepositoryRefused, match="sends us to another address") as refused:
                git_mirror(url, "token").find("main")
            assert "new address" in refused.value.advice
        assert thief.seen == []


def test_a_redirect_on_the_same_server_gets_none_either(web: GitWeb) -> None:
    _repository(web).commit()
    web.redirects["/moved/info/refs"] = f"{web.url}/private/.git/info/refs"
    with pytest.raises(RepositoryRefused, match="another address"):
        git_mirror(f"{web.url}/moved", "token").find("main")
    assert not any(path.startswith("/private") for path, _ in web.seen)


def test_a_public_repository_may_have_moved(web: GitWeb) -> None:
    sha = _repository(web).commit()
    web.authorization = ""
    web.redirects["/moved"] = f"{web.url}/private/.git/info/refs"
    assert git_mirror(f"{web.url}/moved", None).head("main") == sha
    assert web.shown == []


@pytest.mark.parametrize("scheme", ["http", "git"])
def test_credentials_are_never_sent_unencrypted(scheme: str) -> None:
    with pytest.raises(RepositoryRefused, match="not encrypted") as refused:
        git_mirror(f"{scheme}://127.0.0.1:1/x", "token")
    assert "use an https or ssh URL" in refused.value.advice


@pytest.mark.parametrize(
    ("url", "connection", "said"),
    [
        ("https://127.0.0.1:1/x", "empty", "has no password, as https URLs need"),
        ("ssh://git@127.0.0.1:1/x", "token", "has no extra `private_key`, as ssh URLs need"),
        ("https://127.0.0.1:1/x", "absent", "Airflow has no connection 'absent'"),
        ("https://ada:hunter2@127.0.0.1:1/x", None, "holds a login"),
    ],
)
def test_a_connection_that_does_not_fit(url: str, connection: str | None, said: str) -> None:
    with pytest.raises(RepositoryRefused, match=said) as refused:
        git_mirror(url, connection).head("main")
    assert "hunter2" not in str(refused.value)


def test_a_submodule_with_a_login_in_its_url_is_refused(repository: Repository) -> None:
    sha = _vendor(repository, "https://ada:hunter2@127.0.0.1:1/x", "a" * 40)
    with pytest.raises(RepositoryRefused, match=r"submodule lib: .*holds a login") as refused:
        git_mirror(repository.url, None).archive(sha)
    assert "hunter2" not in str(refused.value)


def test_a_workers_own_credentials_are_not_found(
    web: GitWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """~/.netrc, ~/.gitconfig and its helpers, XDG, GIT_* and the askpass of a desktop."""
    _repository(web).commit()
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".netrc").write_text(f"machine 127.0.0.1 login ada password {TOKEN}\n")
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\necho {TOKEN}\n")
    helper.chmod(0o755)
    settings = (
        f"[credential]\n\thelper = {helper}\n[core]\n\taskPass = {helper}\n"
        f'[http]\n\textraHeader = "Authorization: {HEADER}"\n'
    )
    (home / ".gitconfig").write_text(settings)
    (home / ".config" / "git" / "config").write_text(settings)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_ASKPASS", str(helper))
    monkeypatch.setenv("SSH_ASKPASS", str(helper))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"Authorization: {HEADER}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    with pytest.raises(RepositoryRefused, match="refused us"):
        git_mirror(f"{web.url}/private/.git", None).head("main")
    assert web.seen
    assert web.shown == []
    assert not (tmp_path / "asked").exists()


def test_a_token_is_in_no_argument_environment_or_file(
    web: GitWeb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = _repository(web)
    sha = repository.commit(readme="x")
    note = tmp_path / "note"
    spy(tmp_path, monkeypatch, "git", f'env >> {note}; echo "$@" >> {note}; exec /usr/bin/git "$@"')
    git_mirror(repository.url, "token").archive(sha)
    assert HEADER in web.shown
    told = note.read_text()
    assert "GIT_CONFIG_GLOBAL=/proc/" in told
    secrets = (TOKEN, HEADER.removeprefix("Basic "))
    assert not any(secret in told for secret in secrets)
    left = [path for path in (tmp_path / "mirrors").rglob("*") if path.is_file()]
    assert left
    for path in left:
        assert not any(secret.encode() in path.read_bytes() for secret in secrets), path


def test_mirrors_of_two_readers_are_two_folders_of_one_owner(
    web: GitWeb, repository: Repository, tmp_path: Path
) -> None:
    private = _repository(web)
    private.commit()
    git_mirror(private.url, "token").find("main")
    web.authorization = ""
    git_mirror(private.url, None).find("main")
    GitMirror(url=repository.url, root=tmp_path / "mirrors")
    assert len(list((tmp_path / "mirrors").glob("*.git"))) == 2
    assert stat.S_IMODE((tmp_path / "mirrors").stat().st_mode) == 0o700
