"""The name that git gives beside a token, from a connection that a host's REST API uses as well."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from slipway.exceptions import RepositoryRefused
from slipway.hooks.git.connection import _login

BITBUCKET = "https://bitbucket.org/acme/shop.git"


def shown(monkeypatch: pytest.MonkeyPatch, url: str, **fields: Any) -> str:
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps({"conn_type": "generic", **fields}))
    return base64.b64decode(_login(url, "host").header).decode()


@pytest.mark.parametrize(
    ("fields", "pair"),
    [
        ({"password": "ATCTT3x"}, "x-token-auth:ATCTT3x"),
        (
            {"password": "ATATT3x", "login": "ann@example.com"},
            "x-bitbucket-api-token-auth:ATATT3x",
        ),
        (
            {"password": "ATATT3x", "extra": {"email": "ann@example.com", "private_key": "k"}},
            "x-bitbucket-api-token-auth:ATATT3x",
        ),
        ({"password": "ATATT3x", "login": "ann"}, "ann:ATATT3x"),
    ],
)
def test_one_connection_serves_git_and_rest(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], pair: str
) -> None:
    assert shown(monkeypatch, BITBUCKET, **fields) == pair


def test_other_hosts_are_given_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    github = "https://github.com/acme/shop"
    assert shown(monkeypatch, github, password="ghp_x") == "x-access-token:ghp_x"
    own = "https://git.example.com/scm/a/b.git"
    assert shown(monkeypatch, own, password="p", login="a@b.c") == "a@b.c:p"


def authorization(monkeypatch: pytest.MonkeyPatch, url: str, **fields: Any) -> str:
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps({"conn_type": "generic", **fields}))
    return _login(url, "host").authorization


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/scm/SHOP/shop.git",
        "https://git.example.com:7990/bitbucket/scm/~ann/shop.git",
    ],
)
def test_data_center_is_shown_a_repositorys_token_by_itself(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """Beside a user it takes a person's token alone."""
    for nobody in ("", "x-token-auth"):
        shown = authorization(monkeypatch, url, password="BBDC-x", login=nobody)
        assert shown == "Bearer BBDC-x"
    named = authorization(monkeypatch, url, password="BBDC-x", login="ann")
    assert named == f"Basic {base64.b64encode(b'ann:BBDC-x').decode()}"


@pytest.mark.parametrize("token", ["t\n[core]", 't"', "t x", "t\\", "é"])
def test_a_token_that_is_none_is_no_setting_of_gits(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    url = "https://git.example.com/scm/SHOP/shop.git"
    assert authorization(monkeypatch, url, password=token).startswith("Basic ")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/scm",
        "https://git.example.com/scm/shop.git",
        "https://git.example.com/acme/scm-tools/shop.git",
    ],
)
def test_what_only_looks_like_data_center_has_a_user(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert authorization(monkeypatch, url, password="t").startswith("Basic ")


def test_an_app_password_is_said_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RepositoryRefused, match="holds an app password") as caught:
        shown(monkeypatch, BITBUCKET, password="ATBBx", login="ann")
    assert "repository access token" in caught.value.advice
    assert "ATBBx" not in str(caught.value)
    # An ssh key is not affected, whatever lies beside it.
    ssh = "git@bitbucket.org:acme/shop.git"
    assert shown(monkeypatch, ssh, password="ATBBx", extra={"private_key": "k"})
