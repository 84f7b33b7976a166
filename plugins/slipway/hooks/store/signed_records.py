"""JSON in the artifact store that decides something: signed when written, checked when read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signing_keys import CONNECTION, RecordKeys, record_keys
from slipway.model.facts import Json
from slipway.model.text.inert import visible

SIGNATURE = "signature"
UNSIGNED_ADVICE = (
    "if it is from before records were signed, look at what `fab sign-records` lists, and sign it; "
    "if not, somebody else wrote it: find out who writes the bucket, and remove it"
)
_ALTERED_ADVICE = (
    f"if its key was rotated, add it behind the first one in the connection {CONNECTION!r}; if "
    "not, somebody else wrote it: find out who writes the bucket, and restore an earlier version"
)


class SignedRecords:
    """Records, each an object with the field ``signature``.

    :param store: where they lie.
    :param keys: gives the keys; asked when they are first needed.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self.store = store
        self._get_keys = keys

    @cached_property
    def keys(self) -> RecordKeys:
        """The keys.

        :raises EnvironmentMisconfigured: when there are none.
        """
        return self._get_keys()

    def put(self, path: str, value: Mapping[str, object]) -> None:
        """Sign a record and store it, in place of what was there.

        :param path: its key in the store, which the signature covers.
        :param value: an object.
        :raises EnvironmentMisconfigured: when there is no key.
        :raises RecordRefused: when the path leads somewhere else.
        """
        self.store.put_json(path, self._signed(path, value))

    def put_new(self, path: str, value: Mapping[str, object]) -> bool:
        """Sign a record and store it, unless there is one.

        :returns: whether it was stored.
        :raises EnvironmentMisconfigured: when there is no key.
        :raises RecordRefused: when the path leads somewhere else.
        """
        return self.store.put_new_json(path, self._signed(path, value))

    def get(self, path: str) -> Json | None:
        """Return a record without its signature, or None where there is nothing.

        :raises RecordRefused: when it was not signed here, or not for this path.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        found = self._read(path)
        if found is None:
            return None
        record: Json = found if isinstance(found, dict) else {}
        signature = record.pop(SIGNATURE, None)
        if not isinstance(signature, str):
            msg = f"{path} in the artifact store is not signed"
            raise RecordRefused(msg, advice=UNSIGNED_ADVICE)
        if not self._is_signed(path, record, signature):
            msg = f"{path} in the artifact store is not what was signed there"
            raise RecordRefused(msg, advice=_ALTERED_ADVICE)
        return record

    def unsigned(self, folder: str) -> Iterator[str]:
        """List the paths directly below a folder whose records carry no signature at all.

        :param folder: without the trailing slash.
        """
        for name in self.store.keys(folder):
            path = f"{folder}/{name}"
            found = self._read(path) if name.endswith(".json") else None
            if isinstance(found, dict) and SIGNATURE not in found:
                yield path

    def _read(self, path: str) -> object:
        try:
            return self.store.get_json(path)
        except (ValueError, RecursionError):
            return []  # no JSON, so nothing that anybody signed

    def _is_signed(self, path: str, record: Json, signature: str) -> bool:
        try:
            return self.keys.signed(path, record, signature)
        except RecursionError:
            return False  # read, but too deep to be written again: nobody signed that

    def _signed(self, path: str, value: Mapping[str, object]) -> Json:
        if any(part in ("", ".", "..") for part in path.split("/")):
            msg = f"{visible(path)} is no place for a record"
            advice = "a name or version that it is made of is none: look who started the run"
            raise RecordRefused(msg, advice=advice)
        plain = {name: field for name, field in value.items() if name != SIGNATURE}
        return {**plain, SIGNATURE: self.keys.sign(path, plain)}


class SignedBook:
    """What is noted in signed records, each with the time.

    :param store: where they are kept.
    :param clock: seconds since 1970, for people to read; nothing depends on it.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(
        self,
        store: ArtifactStore,
        clock: Callable[[], float] = time.time,
        keys: Callable[[], RecordKeys] = record_keys,
    ) -> None:
        self._store = store
        self._records = SignedRecords(store, keys)
        self._clock = clock
