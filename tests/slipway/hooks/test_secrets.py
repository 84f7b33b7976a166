from __future__ import annotations

import json

import pytest

from slipway.exceptions import ProjectFileError
from slipway.hooks.secrets import read_secrets


@pytest.fixture(autouse=True)
def _airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_NPM_TOKEN", "abc123")
    connection = {
        "conn_type": "generic",
        "login": "robot",
        "password": "pw",
        "extra": {"region": "eu"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_REGISTRY", json.dumps(connection))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("variable:npm_token", "abc123"),
        ("connection:registry:login", "robot"),
        ("connection:registry:password", "pw"),
        ("connection:registry:region", "eu"),
    ],
)
def test_where_secrets_come_from(source: str, value: str) -> None:
    assert read_secrets({"s": source}, ["s"]) == {"s": value}


def test_only_what_is_wanted_is_read() -> None:
    sources = {"a": "variable:npm_token", "b": "variable:absent"}
    assert read_secrets(sources, ["a", "unknown"]) == {"a": "abc123"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("variable:absent", "no variable 'absent'"),
        ("connection:absent:password", "no connection 'absent'"),
        ("connection:registry:nothing", "no 'nothing' in connection 'registry'"),
    ],
)
def test_what_airflow_lacks_is_named(source: str, says: str) -> None:
    with pytest.raises(ProjectFileError, match=f"secret 's'.*{says}"):
        read_secrets({"s": source}, ["s"])
