"""The URL of a Postgres database from an Airflow connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from slipway.exceptions import EnvironmentMisconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Connection

# What libpq's settings in a connection's extra may say; files are not among them, since goose
# runs in a container that has none of the worker's.
_SETTINGS = ("sslmode", "connect_timeout", "target_session_attrs", "channel_binding")


def postgres_url(connection: Connection) -> str:
    """Write a connection as a URL, everything in it quoted.

    :param connection: of type postgres; ``sslmode`` and the like are read from its extra.
    :returns: a URL that holds the password: never log it, never put it on a command line or into
        an environment (:func:`slipway.hooks.tools.tool_secrets.postgres_password`).
    :raises EnvironmentMisconfigured: when it names no host, or a local socket.
    """
    host = connection.host or ""
    if not host or host.startswith("/"):
        msg = f"connection {connection.conn_id!r} names no host that a container can reach"
        raise EnvironmentMisconfigured(msg, advice="give the database server's name or address")
    user = quote(connection.login or "postgres", safe="")
    password = f":{quote(connection.password, safe='')}" if connection.password else ""
    address = f"[{host}]" if ":" in host else quote(host, safe=".-_")
    port = connection.port or 5432
    database = quote(connection.schema or connection.login or "postgres", safe="")
    url = f"postgres://{user}{password}@{address}:{port}/{database}"
    query = _query(connection.extra_dejson)
    return f"{url}?{query}" if query else url


def _query(extra: Mapping[str, Any]) -> str:
    return urlencode({key: str(extra[key]) for key in _SETTINGS if extra.get(key)}, quote_via=quote)
