"""Files that a server says are elsewhere are fetched there, without what was meant for it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import LargeFilesElsewhere
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git_lfs.server import Action, Endpoint, NotThere, check_way, given
from tests.fakes.git_http import GitWeb, git_web
from tests.slipway.hooks.git_lfs.objects import servers
from tests.slipway.hooks.git_lfs.objects.servers import MODEL, action, content, with_files

if TYPE_CHECKING:
    from pathlib import Path

installation, tls, web = servers.installation, servers.tls, servers.web


def test_a_commits_own_settings_lead_nowhere(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    with git_web(tmp_path / "served", tls) as thief:
        settings = f"[lfs]\n\turl = {thief.url}/x/.git/info/lfs\n\tpushurl = {thief.url}\n"
        settings += '[lfs "customtransfer.x"]\n\tpath = /bin/sh\n'
        repository, sha = with_files(web, _dot_lfsconfig=settings)
        assert content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
        assert thief.seen == []


def test_a_store_elsewhere_is_shown_what_the_server_says_and_no_token(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    repository, sha = with_files(web)
    with git_web(tmp_path / "served", tls) as store:
        store.lfs = web.lfs
        web.lfs_action = lambda oid, _: action(
            f"{store.url}/store/{oid}", Authorization="for-the-store", Host="evil.example"
        )
        assert content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
        assert store.shown == ["for-the-store"]


def test_a_store_on_the_same_server_but_not_below_the_repository_gets_no_token(web: GitWeb) -> None:
    repository, sha = with_files(web)
    web.lfs_action = lambda oid, _: action(f"{web.url}/store/{oid}")
    assert content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
    assert [shown for path, shown in web.seen if path.startswith("/store/")] == [None]


def test_a_redirect_of_a_file_is_followed_without_what_was_meant_for_the_first_place(
    web: GitWeb, tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    repository, sha = with_files(web)
    with git_web(tmp_path / "served", tls) as store:
        store.lfs = web.lfs
        oid = hashlib.sha256(MODEL).hexdigest()
        web.redirects[f"/private/.git/info/lfs/objects/{oid}"] = f"{store.url}/store/{oid}"
        assert content(git_mirror(repository.url, "token").archive(sha))["model.bin"] == MODEL
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
    repository, sha = with_files(web)
    with git_web(tmp_path / "served", tls) as thief:
        web.redirects["/private/.git/info/lfs/objects/batch"] = f"{thief.url}/private/.git/info"
        with pytest.raises(LargeFilesElsewhere, match=r"model\.bin .*the server answers 302"):
            git_mirror(repository.url, "token").archive(sha)
        assert thief.seen == []
