"""What each host is told of a commit, and what becomes of its answers."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import ForgeRefused
from slipway.hooks.forge import base
from slipway.hooks.forge.connection import open_forge
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import StatusState, status_key
from tests.forges.stand_in import Reply, StandIn
from tests.slipway.hooks.forge.forges import hosts
from tests.slipway.hooks.forge.forges.hosts import PAGE, SHA, TOKEN, status, tell

connection, host = hosts.connection, hosts.host


@pytest.mark.parametrize(
    ("kind", "path", "asked", "words"),
    [
        (
            ForgeKind.BITBUCKET,
            "acme/shop",
            f"/2.0/repositories/acme/shop/commit/{SHA}/statuses/build",
            ["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"],
        ),
        (
            ForgeKind.BITBUCKET_SERVER,
            "SHOP/shop",
            f"/rest/api/latest/projects/SHOP/repos/shop/commits/{SHA}/builds",
            ["INPROGRESS", "SUCCESSFUL", "FAILED", "CANCELLED"],
        ),
        (
            ForgeKind.GITHUB,
            "acme/shop",
            f"/api/v3/repos/acme/shop/statuses/{SHA}",
            ["pending", "success", "failure", "error"],
        ),
        (
            ForgeKind.GITLAB,
            "acme/web/shop",
            f"/api/v4/projects/acme%2Fweb%2Fshop/statuses/{SHA}",
            ["running", "success", "failed", "canceled"],
        ),
        (
            ForgeKind.GITEA,
            "acme/shop",
            f"/api/v1/repos/acme/shop/statuses/{SHA}",
            ["pending", "success", "failure", "error"],
        ),
    ],
)
def test_each_host_has_its_own_words(
    host: StandIn, kind: ForgeKind, path: str, asked: str, words: list[str]
) -> None:
    told = [tell(host, kind, path, state=state)["state"] for state in StatusState]
    assert told == words
    assert {request.path for request in host.requests} == {asked}


def test_bitbucket_is_told_all_that_it_shows(host: StandIn) -> None:
    assert tell(host, ForgeKind.BITBUCKET) == {
        "key": "slipway/test",
        "name": "slipway/test",
        "state": "SUCCESSFUL",
        "description": "142 tests, 3.1 s",
        "url": PAGE,
        "refname": "main",
    }
    assert host.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_personal_repository_of_data_center_keeps_its_tilde(host: StandIn) -> None:
    tell(host, ForgeKind.BITBUCKET_SERVER, "~ann/shop")
    assert "/projects/~ann/repos/shop/" in host.requests[0].path


def test_data_center_before_7_4_is_told_by_its_old_endpoint(host: StandIn) -> None:
    host.script = [Reply(status=404, body=b"<html>no such page</html>")]
    body = tell(host, ForgeKind.BITBUCKET_SERVER, "SHOP/shop", state=StatusState.STOPPED)
    assert host.requests[-1].path == f"/rest/build-status/1.0/commits/{SHA}"
    assert (body["state"], "ref" in body) == ("FAILED", False)


def test_a_long_name_of_an_environment_has_a_key_that_bitbucket_takes(host: StandIn) -> None:
    body = tell(host, ForgeKind.BITBUCKET, stage="a" * 41)
    assert len(body["key"]) == 40
    assert status_key("a" * 40 + "b") != status_key("a" * 40 + "c")
    assert status_key("dev") == "slipway/dev"


@pytest.mark.parametrize(
    "url", ["", "http://localhost:8080/dags/shop", "http://airflow:8080/dags/shop"]
)
def test_bitbucket_is_given_a_page_that_it_takes(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    server = "https://api.bitbucket.org"
    sent: list[Any] = []
    monkeypatch.setattr(base.Forge, "send", lambda *words: sent.append(words[-1]))
    at = ForgePlace(kind=ForgeKind.BITBUCKET, server=server, path="acme/shop", connection="host")
    open_forge(at).set_status(status(url=url))
    assert sent[0]["url"] == f"https://bitbucket.org/acme/shop/commits/{SHA}"


def test_what_stands_in_for_bitbucket_here_leads_to_airflow_here(host: StandIn) -> None:
    url = "http://localhost:8080/dags/shop"
    host.script = [Reply(status=201, body={})]
    assert tell(host, ForgeKind.BITBUCKET, url=url)["url"] == url


@pytest.mark.parametrize(
    ("kind", "most"),
    [(ForgeKind.BITBUCKET, 255), (ForgeKind.GITHUB, 140), (ForgeKind.GITLAB, 255)],
)
def test_a_hostile_text_is_cut_and_shown_as_text(host: StandIn, kind: ForgeKind, most: int) -> None:
    body = tell(host, kind, text="a\u202eb\x1b[31m\0" + "x" * 5000 + "\nsecond line")
    assert body["description"].startswith("a<U+202E>b<U+001B>[31m<U+0000>x")
    assert len(body["description"]) <= most
    assert "second" not in body["description"]


def test_gitlab_keeps_a_state_that_it_has(host: StandIn) -> None:
    said = {"message": "Cannot transition status via :run from :running (Reason(s): ...)"}
    host.script = [Reply(status=400, body=said)]
    tell(host, ForgeKind.GITLAB, state=StatusState.IN_PROGRESS)
    host.script = [Reply(status=400, body={"message": {"name": ["is too long"]}})]
    with pytest.raises(ForgeRefused, match="answers 400"):
        tell(host, ForgeKind.GITLAB)
