"""Which login is shown to a host, and what is said where it will not do."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from slipway.exceptions import ForgeRefused
from slipway.model.forge.place import ForgeKind
from tests.forges.stand_in import Reply, StandIn, stand_in
from tests.slipway.hooks.forge.forges import hosts
from tests.slipway.hooks.forge.forges.hosts import TOKEN, connect, tell

connection, host = hosts.connection, hosts.host


def test_an_api_token_is_shown_with_its_owners_address(
    host: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "ATATT3xFfGF0-api"
    basic = base64.b64encode(f"ann@example.com:{token}".encode()).decode()
    user = "x-bitbucket-api-token-auth"
    for fields in (
        {"login": "ann@example.com"},
        {"login": user, "extra": {"email": "ann@example.com"}},
        {"extra": {"email": "ann@example.com", "private_key": "..."}},
    ):
        connect(monkeypatch, password=token, **fields)
        tell(host, ForgeKind.BITBUCKET)
        assert host.requests[-1].headers["authorization"] == f"Basic {basic}"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "ATBBabcdef", "login": "ann"}, "holds an app password"),
        ({"password": "ATATT3xFf"}, "without its owner's e-mail address"),
        ({"login": "ann"}, "has no token"),
    ],
)
def test_a_login_that_cannot_be_right_is_not_shown_to_anybody(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], words: str
) -> None:
    connect(monkeypatch, **fields)
    with pytest.raises(ForgeRefused, match=words):
        tell(host, ForgeKind.BITBUCKET)
    assert host.requests == []


def test_no_connection_is_said_by_its_name(host: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_HOST")
    with pytest.raises(ForgeRefused, match="no connection 'host'"):
        tell(host, ForgeKind.BITBUCKET)


@pytest.mark.parametrize(
    ("password", "login", "words"),
    [
        ("wrong-token", "", "shown as an access token. For an API token put"),
        ("wrong-token", "ann@example.com", "shown as an API token of ann@example.com"),
    ],
)
def test_a_token_in_the_wrong_role_is_told_which_one_it_had(
    monkeypatch: pytest.MonkeyPatch, password: str, login: str, words: str
) -> None:
    connect(monkeypatch, password=password, login=login)
    with stand_in(authorization="Bearer other") as one, pytest.raises(ForgeRefused) as caught:
        tell(one, ForgeKind.BITBUCKET)
    assert "answers 401 for acme/shop: Bad token" in caught.value.message
    assert words in caught.value.advice
    assert password not in str(caught.value)


def test_a_repository_token_of_data_center_beside_a_name_is_told_its_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(monkeypatch, password="t0ken", login="ann")
    with stand_in(authorization="Bearer t0ken") as one:
        with pytest.raises(ForgeRefused, match="leave the connection's login empty"):
            tell(one, ForgeKind.BITBUCKET_SERVER, "SHOP/shop")
        connect(monkeypatch, password="t0ken")
        tell(one, ForgeKind.BITBUCKET_SERVER, "SHOP/shop")


@pytest.mark.parametrize(
    ("code", "words"), [(403, "Repositories: Write"), (404, "no acme/shop with this commit")]
)
def test_a_refusal_says_what_the_token_needs(host: StandIn, code: int, words: str) -> None:
    host.script = [Reply(status=code, body={"error": {"message": "no"}})]
    with pytest.raises(ForgeRefused) as caught:
        tell(host, ForgeKind.BITBUCKET)
    assert words in caught.value.advice


def test_a_host_that_repeats_the_token_does_not_bring_it_into_a_log(host: StandIn) -> None:
    host.script = [Reply(status=400, body={"error": {"message": f"bad {TOKEN}\n\x1b[2J" * 99}})]
    with pytest.raises(ForgeRefused) as caught:
        tell(host, ForgeKind.BITBUCKET)
    assert TOKEN not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(caught.value.message) < 1000


def test_a_token_follows_no_redirect(host: StandIn) -> None:
    with stand_in() as other:
        host.script = [Reply(status=307, headers={"Location": f"{other.url}/2.0/"})]
        with pytest.raises(ForgeRefused, match="another address"):
            tell(host, ForgeKind.BITBUCKET)
        assert other.requests == []
