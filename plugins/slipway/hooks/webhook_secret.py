"""The secrets that a project's webhook is signed with."""

from __future__ import annotations

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import ProjectFileError

# Characters that a secret has at least, and at most: Bitbucket takes no longer one.
SHORTEST, LONGEST = 16, 128
_MAKE = 'airflow connections add {id} --conn-type generic --conn-password "$(openssl rand -hex 32)"'


def webhook_secrets(connection_id: str) -> tuple[bytes, ...]:
    """Return the secrets that a delivery may be signed with, the newest first.

    Two are valid while one takes the other's place: the connection's password, and ``previous``
    in its extra.

    :param connection_id: of the Airflow connection.
    :raises ProjectFileError: when there is no such connection, or a secret is none.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        msg = f"Airflow has no connection {connection_id!r}, which `repository: webhook` names"
        raise ProjectFileError(msg, advice=_MAKE.format(id=connection_id)) from error
    current = connection.password or ""
    previous = connection.extra_dejson.get("previous") or ""
    if not current:
        msg = f"the connection {connection_id!r} has no password, which is the webhook's secret"
        raise ProjectFileError(msg, advice=f"set one; a new one: {_MAKE.format(id=connection_id)}")
    found = [secret for secret in (current, previous) if isinstance(secret, str) and secret]
    for secret in found:
        mask_secret(secret)
        if not SHORTEST <= len(secret) <= LONGEST:
            msg = f"a secret in the connection {connection_id!r} has {len(secret)} characters"
            raise ProjectFileError(
                msg, advice=f"take {SHORTEST} to {LONGEST}, by chance: openssl rand -hex 32"
            )
    return tuple(secret.encode() for secret in found)
