"""Which public key an apt repository is signed with now.

A release's record keeps the key of its day. After a rotation the repository has another one, and
an old release is baked from the repository as it is: its package is bound by its digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys


class RepositoryKeys:
    """Records under ``apt-keys/<digest of the repository>.json``.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._records = SignedRecords(store, keys)

    def note(self, url: str, distribution: str, key: str) -> None:
        """Note what a repository was just signed with.

        :param url: what follows ``deb`` in an apt source.
        :param distribution: as in an apt source.
        :param key: public, ASCII-armoured.
        """
        value = {"url": url, "distribution": distribution, "key": key}
        self._records.put(_path(url, distribution), value)

    def current(self, url: str, distribution: str) -> str | None:
        """Return the key, or None where nothing was published since keys are noted."""
        found = self._records.get(_path(url, distribution))
        return None if found is None else str(found["key"])


def _path(url: str, distribution: str) -> str:
    digest = hashlib.sha256(f"{url}\0{distribution}".encode()).hexdigest()[:16]
    return f"apt-keys/{digest}.json"
