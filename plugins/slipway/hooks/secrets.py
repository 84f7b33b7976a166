"""A project's secrets, from Airflow's connections and variables (and so from any backend)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import ProjectFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PLAIN = {"host": "host", "login": "login", "password": "password", "schema": "schema"}


def read_secrets(sources: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Read secrets, and have Airflow mask them in this task's log.

    :param sources: name of a secret -> ``variable:NAME`` or ``connection:ID:FIELD``, where the
        field is ``host``, ``login``, ``password``, ``schema``, ``uri`` or a key of the extra.
    :param names: the secrets that are wanted; those without a source are left out.
    :raises ProjectFileError: when Airflow does not have what a source names.
    """
    found = {}
    for name in names:
        if name in sources:
            found[name] = value = _read(name, sources[name])
            mask_secret(value)
    return found


def _read(name: str, source: str) -> str:
    kind, _, rest = source.partition(":")
    if kind == "variable":
        value = Variable.get(rest, default=None)
        if value is None:
            raise _missing(name, f"variable {rest!r}")
        return str(value)
    connection_id, _, key = rest.rpartition(":")
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise _missing(name, f"connection {connection_id!r}") from error
    value = _field(connection, key)
    if value is None:
        raise _missing(name, f"{key!r} in connection {connection_id!r}")
    return str(value)


def _field(connection: Any, key: str) -> Any:
    if key == "uri":
        return connection.get_uri()
    if key in _PLAIN:
        return getattr(connection, _PLAIN[key])
    return connection.extra_dejson.get(key)


def _missing(name: str, what: str) -> ProjectFileError:
    msg = f"secret {name!r}: Airflow has no {what}"
    return ProjectFileError(msg, advice="add it, or correct `test: {secrets: ...}`")
