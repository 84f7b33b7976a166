"""What all notes have in common: each is signed, and what is wrong with sending them is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords

N = TypeVar("N")


def read_notes(
    store: ArtifactStore,
    records: SignedRecords,
    folder: str,
    read: Callable[[Mapping[str, Any]], N],
    refused: Callable[[str], None],
) -> Iterator[tuple[str, N]]:
    """Give a folder's notes in the order of their names, each with its name.

    :param store: where they lie.
    :param records: reads what was signed.
    :param folder: theirs.
    :param read: makes a note of what was written.
    :param refused: is told of notes that nobody here signed; they are taken away.
    """
    for name in store.keys(folder):
        try:
            record = records.get(f"{folder}/{name}")
            note = read(record) if record is not None else None
        except (RecordRefused, TypeError, ValueError, KeyError) as error:
            refused(str(error))
            store.delete(f"{folder}/{name}")
            continue
        if note is not None:
            yield name, note


class TroubleNotes:
    """Why something is not sent, by what it is about.

    :param store: where it is noted.
    :param records: signs it.
    :param folder: of these notes.
    """

    def __init__(self, store: ArtifactStore, records: SignedRecords, folder: str) -> None:
        self._store = store
        self._records = records
        self._folder = folder

    def tell(self, subject: str, words: str) -> None:
        """Note what is wrong; empty words take it back.

        :param subject: what it is about.
        :param words: for people.
        """
        path = f"{self._folder}/{subject}.json"
        if words:
            self._records.put(path, {"words": words})
        else:
            self._store.delete(path)

    def all(self) -> dict[str, str]:
        """Return what is wrong, by subject; what nobody here signed is passed over."""
        found = {}
        for name in self._store.keys(self._folder):
            try:
                record = self._records.get(f"{self._folder}/{name}")
            except RecordRefused:
                continue
            if record is not None:
                found[name.removesuffix(".json")] = str(record["words"])
        return found
