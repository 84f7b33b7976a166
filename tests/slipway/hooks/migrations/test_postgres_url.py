from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from airflow.sdk import Connection

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.migrations.postgres_url import postgres_url


def url(**fields: Any) -> str:
    return postgres_url(Connection(conn_id="db", conn_type="postgres", **fields))


def test_everything_is_quoted() -> None:
    written = url(
        host="db.example.com", login="us:er@x", password="p/a?s#s%w@rd ü", schema="a/b", port=5433
    )
    parts = urlsplit(written)
    assert (parts.hostname, parts.port) == ("db.example.com", 5433)
    assert unquote(parts.username or "") == "us:er@x"
    assert unquote(parts.password or "") == "p/a?s#s%w@rd ü"
    assert unquote(parts.path) == "/a/b"
    assert "/" not in parts.path[1:]


def test_defaults_and_settings() -> None:
    assert url(host="db", login="app") == "postgres://app@db:5432/app"
    extra = '{"sslmode": "require", "connect_timeout": 3, "sslrootcert": "/etc/x"}'
    written = url(host="db", login="app", schema="shop", extra=extra)
    assert written == "postgres://app@db:5432/shop?sslmode=require&connect_timeout=3"


def test_an_ipv6_address() -> None:
    assert urlsplit(url(host="fd00::1", login="a")).hostname == "fd00::1"


@pytest.mark.parametrize("host", [None, "", "/var/run/postgresql"])
def test_a_host_that_no_container_reaches_is_refused(host: str | None) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="'db' names no host"):
        url(host=host)
