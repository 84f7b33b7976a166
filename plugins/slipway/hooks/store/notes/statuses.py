"""Statuses of commits that wait to be sent, those that are open, and what is wrong with sending.

Tasks write notes, and nothing else: one small object each, under a name of its own. One sender
reads them. A note says where a status goes, and so where a token is shown; it is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.notes.signed_notes import TroubleNotes, read_notes
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.forge.status import StatusNote

_WAITING, _OPEN, _TROUBLE = "statuses/waiting", "statuses/open", "statuses/trouble"


class StatusNotes:
    """Notes under ``statuses/``.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._store = store
        self._records = SignedRecords(store, keys)
        self._trouble = TroubleNotes(store, self._records, _TROUBLE)

    def add(self, note: StatusNote) -> None:
        """Leave a status to the sender.

        :param note: with all that the sender has to know.
        :raises EnvironmentMisconfigured: when there is no key to sign it with.
        """
        self._records.put(f"{_WAITING}/{note.at:020d}-{uuid4().hex}.json", note.to_json())

    def waiting(self, refused: Callable[[str], None]) -> Iterator[tuple[str, StatusNote]]:
        """Give what waits to be sent, the oldest first, with its name.

        :param refused: is told of notes that nobody here signed; they are taken away.
        """
        return self._all(_WAITING, refused)

    def sent(self, name: str, note: StatusNote) -> None:
        """Take a note away that was sent; what is in progress is open until its end is sent.

        :param name: as :meth:`waiting` gave it.
        :param note: the note.
        """
        path = f"{_OPEN}/{note.subject}.json"
        if note.status.state.is_over:
            self._store.delete(path)
        else:
            self._records.put(path, note.to_json())
        self.drop(name)

    def drop(self, name: str) -> None:
        """Take a note away that is not to be sent; one that is gone is fine.

        :param name: as :meth:`waiting` gave it.
        """
        self._store.delete(f"{_WAITING}/{name}")

    def open(self, refused: Callable[[str], None]) -> Iterator[tuple[str, StatusNote]]:
        """Give what was sent as being in progress, and not yet as having ended.

        :param refused: is told of notes that nobody here signed; they are taken away.
        """
        return self._all(_OPEN, refused)

    def close(self, note: StatusNote) -> None:
        """Forget that a status is open.

        :param note: as :meth:`open` gave it.
        """
        self._store.delete(f"{_OPEN}/{note.subject}.json")

    def tell_trouble(self, project: str, words: str) -> None:
        """Note why a project's statuses are not sent; empty words take it back.

        :param project: the project's name.
        :param words: for people.
        """
        self._trouble.tell(project, words)

    def trouble(self) -> dict[str, str]:
        """Return what is wrong, by project."""
        return self._trouble.all()

    def _all(self, folder: str, refused: Callable[[str], None]) -> Iterator[tuple[str, StatusNote]]:
        return read_notes(self._store, self._records, folder, StatusNote.from_json, refused)
