"""The keys that records are signed with, and the signature itself.

Whoever may write the bucket must not be able to write a release. So each record carries a MAC
(HMAC-SHA256) under a key that lies where secrets lie, and never in the bucket. The MAC covers the
record's own path: a record that was copied to another project, version or environment is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import EnvironmentMisconfigured

CONNECTION = "slipway_records"
_SHORTEST = 32
# Half of an HMAC-SHA256, in hexadecimal digits: enough for a file's name.
_SHORT = 32
_MAKE_ONE = (
    "make one with `openssl rand -hex 32`, and put it into the password of a connection "
    f"{CONNECTION!r} (type generic) in the secrets backend, or under Admin, Connections in "
    "Airflow's UI: on a command line others of the machine could read it"
)


class RecordKeys:
    """One key that signs, and further ones whose signatures are still taken.

    :param keys: the one that signs comes first.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def sign(self, path: str, value: Any) -> str:
        """Return the MAC of a value that lies under a path, in hexadecimal.

        :param path: its key in the store.
        :param value: anything that JSON can say.
        """
        return _mac(self._keys[0], ("record", path, value))

    def signed(self, path: str, value: Any, signature: str) -> bool:
        """Say whether one of the keys made a signature for this value under this path."""
        return _among([_mac(key, ("record", path, value)) for key in self._keys], signature)

    def stamp(self, name: str) -> str:
        """Return a short MAC for the name of an entry, where a listing has to be enough."""
        return _mac(self._keys[0], ("name", name))[:_SHORT]

    def stamped(self, name: str, stamp: str) -> bool:
        """Say whether one of the keys made a stamp for this name."""
        return _among([_mac(key, ("name", name))[:_SHORT] for key in self._keys], stamp)


def record_keys(connection_id: str = CONNECTION) -> RecordKeys:
    """Read the keys from an Airflow connection; they are masked in every log from here on.

    :param connection_id: its password has one key, or several with blanks or line breaks between
        them: the first signs, all are accepted. So a key is rotated by putting a new one in front.
    :raises EnvironmentMisconfigured: when there is none, or it could be guessed.
    """
    try:
        password = BaseHook.get_connection(connection_id).password or ""
    except AirflowNotFoundException:
        password = ""
    keys = password.split()
    for key in keys:
        mask_secret(key)
    if not keys:
        msg = f"the connection {connection_id!r} has no key to sign records with"
        raise EnvironmentMisconfigured(msg, advice=_MAKE_ONE)
    if any(len(key) < _SHORTEST for key in keys):
        msg = f"a key of the connection {connection_id!r} is shorter than {_SHORTEST} characters"
        raise EnvironmentMisconfigured(msg, advice=_MAKE_ONE)
    return RecordKeys(keys)


def _mac(key: bytes, parts: Sequence[Any]) -> str:
    text = json.dumps(["slipway", 1, *parts], sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _among(macs: Sequence[str], given: str) -> bool:
    """Compare in a time that tells nothing; what is given may hold any characters."""
    read = given.encode(errors="replace")
    return any([hmac.compare_digest(mac.encode(), read) for mac in macs])
