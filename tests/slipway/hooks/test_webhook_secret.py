"""The secrets of a webhook, from an Airflow connection."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.exceptions import ProjectFileError
from slipway.hooks.webhook_secret import webhook_secrets

GOOD, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def _connection(monkeypatch: pytest.MonkeyPatch, password: str, **extra: Any) -> None:
    value = {"conn_type": "generic", "password": password, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_WEBHOOK", json.dumps(value))


def test_one_secret_and_two_while_one_takes_the_others_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _connection(monkeypatch, GOOD)
    assert webhook_secrets("shop_webhook") == (GOOD.encode(),)
    _connection(monkeypatch, OTHER, previous=GOOD)
    assert webhook_secrets("shop_webhook") == (OTHER.encode(), GOOD.encode())


def test_a_connection_that_is_missing_comes_with_the_command_that_makes_it() -> None:
    with pytest.raises(ProjectFileError) as caught:
        webhook_secrets("absent_webhook")
    assert "no connection 'absent_webhook'" in caught.value.message
    assert "airflow connections add absent_webhook" in caught.value.advice
    assert "openssl rand -hex 32" in caught.value.advice


@pytest.mark.parametrize("password", ["", "short", "x" * 200])
def test_what_is_no_secret_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    _connection(monkeypatch, password)
    with pytest.raises(ProjectFileError) as caught:
        webhook_secrets("shop_webhook")
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize("previous", [None, "", 7, [], {"a": 1}])
def test_an_older_secret_that_is_none_is_left_out(
    monkeypatch: pytest.MonkeyPatch, previous: Any
) -> None:
    _connection(monkeypatch, GOOD, previous=previous)
    assert webhook_secrets("shop_webhook") == (GOOD.encode(),)


def test_a_short_older_secret_is_refused_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    _connection(monkeypatch, GOOD, previous="old")
    with pytest.raises(ProjectFileError):
        webhook_secrets("shop_webhook")
