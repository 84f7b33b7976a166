"""Whose a thing in the cloud is: the catalogue that it belongs to, by a name of its own.

Two Airflows may share an account, and both call themselves ``default``. What one of them made is
for it alone to take away, so the name has a part that was drawn once, and lies beside the
catalogue. A copy of a catalogue finds that the name is another place's, and draws its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from slipway.hooks.docker.connection import installation
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys

# The tag in the cloud.
INSTALLATION = "slipway:installation"
_PATH = "installation.json"


def installation_name(store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> str:
    """Return the name of the catalogue in a store; it is made when it is first needed.

    :param store: the artifact store.
    :param keys: gives the keys that it is signed with.
    :raises RecordRefused: when the name was not signed here.
    :raises EnvironmentMisconfigured: when there is no key.
    """
    records = SignedRecords(store, keys)
    found = records.get(_PATH)
    if found is not None and found["place"] == store.place:
        return str(found["name"])
    made = {"name": f"{installation()}-{secrets.token_hex(4)}", "place": store.place}
    if found is not None:
        records.put(_PATH, made)
    else:
        records.put_new(_PATH, made)
    # Of two who made one at once, the first is right.
    return str((records.get(_PATH) or made)["name"])
