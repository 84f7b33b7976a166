"""News that wait to be sent, what was sent of them, and what is wrong with sending.

A note has a name that is made of what it is about. It waits once, whoever leaves it however often,
and what was sent of it stays on record: so it is told once, whatever was retried or killed.

Between a message and the note that it was sent a sender may be killed. So each attempt is noted
before it is made, under a number that only one sender can take: whoever comes later sees that
somebody tried, and that nobody knows what came of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.notes.signed_notes import TroubleNotes, read_notes
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.news.note import NewsNote

_WAITING, _SENDING, _DONE = "news/waiting", "news/sending", "news/done"
_TROUBLE, _LAST, _SINCE = "news/trouble", "news/last", "news/since"
_ATTEMPT = re.compile(r"([0-9]{6})\.json")
_END = "end.json"
# Seconds that an attempt may take, after which its sender is taken for dead.
ATTEMPT = 120.0
# Messages that are remembered for whoever asks what was sent last.
_MOST = 20
SENT = "sent"


class NewsNotes:
    """Notes under ``news/``.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._store = store
        self._records = SignedRecords(store, keys)
        self._trouble = TroubleNotes(store, self._records, _TROUBLE)

    def add(self, note: NewsNote) -> bool:
        """Leave news to the sender, unless they were told already or wait.

        :param note: with all that the sender has to know.
        :returns: whether they wait from now on.
        :raises EnvironmentMisconfigured: when there is no key to sign it with.
        """
        if not note.channels or self.is_done(note):
            return False
        return self._records.put_new(f"{_WAITING}/{note.name}.json", note.to_json())

    def waiting(self, refused: Callable[[str], None]) -> Iterator[NewsNote]:
        """Give what waits, the oldest first.

        :param refused: is told of notes that nobody here signed; they are taken away.
        """
        read = read_notes(self._store, self._records, _WAITING, NewsNote.from_json, refused)
        yield from sorted((note for _, note in read), key=lambda one: one.at)

    def is_done(self, note: NewsNote) -> bool:
        """Tell whether every channel was told, or given up."""
        return self._store.get(_done(note)) is not None

    def ended(self, note: NewsNote, channel: str) -> bool:
        """Tell whether a channel was told, or given up.

        :param note: the news.
        :param channel: the channel's name.
        """
        return self._store.get(f"{_attempts(note, channel)}/{_END}") is not None

    def attempt(self, note: NewsNote, channel: str, now: float) -> int:
        """Note that a channel is told now; 0 where somebody else is at it.

        :param note: the news.
        :param channel: the channel's name.
        :param now: seconds since 1970.
        :returns: the attempt's number. Above 1, what came of an earlier one is not known.
        """
        folder = _attempts(note, channel)
        numbers = [int(one[1]) for one in map(_ATTEMPT.fullmatch, self._store.keys(folder)) if one]
        last = max(numbers, default=0)
        if last and now - self._begun(f"{folder}/{last:06d}.json") < ATTEMPT:
            return 0
        begun = self._store.put_new_json(f"{folder}/{last + 1:06d}.json", {"at": now})
        return last + 1 if begun else 0

    def take_back(self, note: NewsNote, channel: str, number: int) -> None:
        """Note that an attempt came to nothing: the channel has surely not been told.

        :param note: the news.
        :param channel: the channel's name.
        :param number: of the attempt.
        """
        self._store.delete(f"{_attempts(note, channel)}/{number:06d}.json")

    def end(self, note: NewsNote, channel: str, words: str, now: float) -> None:
        """Note what became of a channel's message, for good.

        :param note: the news.
        :param channel: the channel's name.
        :param words: :data:`SENT`, or why it was given up.
        :param now: seconds since 1970.
        """
        told = {"words": words, "at": now}
        self._store.put_json(f"{_attempts(note, channel)}/{_END}", told)
        self._remember(note, channel, words, now)

    def finish(self, note: NewsNote) -> None:
        """Take news away of which every channel's end is noted; what is gone is fine."""
        if not self.is_done(note):
            self._store.put_json(_done(note), {"at": note.at})
        folder = f"{_SENDING}/{note.name}"
        if self._store.keys(folder):
            self._store.delete_all(folder)
        self._store.delete(f"{_WAITING}/{note.name}.json")

    def last(self, project: str) -> list[dict[str, Any]]:
        """Return the messages that ended last, the newest first.

        :param project: the project's name.
        :returns: of each ``at``, ``event``, ``channel``, ``place`` and ``words``.
        """
        try:
            found = self._records.get(f"{_LAST}/{project}.json") or {}
        except RecordRefused:
            return []
        return list(found.get("messages", ()))

    def tell_trouble(self, project: str, channel: str, words: str) -> None:
        """Note why a channel is not told; empty words take it back.

        :param project: the project's name.
        :param channel: the channel's name.
        :param words: for people.
        """
        self._trouble.tell(f"{project}.{channel}", words)

    def trouble(self) -> dict[str, str]:
        """Return what is wrong, by project and channel: ``shop.team``."""
        return self._trouble.all()

    def since(self, project: str, now: float) -> float:
        """Return since when a project has news, which is now where nobody asked before.

        :param project: the project's name.
        :param now: seconds since 1970.
        """
        path = f"{_SINCE}/{project}.json"
        self._store.put_new_json(path, now)
        return float(self._store.get_json(path) or now)

    def _begun(self, key: str) -> float:
        try:
            return float(self._store.get_json(key)["at"])
        except (TypeError, ValueError, KeyError):
            return 0.0  # taken back just now, or no note of ours

    def _remember(self, note: NewsNote, channel: str, words: str, now: float) -> None:
        one = {
            "at": now,
            "event": note.events[0].value if note.events else "",
            "channel": channel,
            "place": note.place,
            "words": words,
        }
        known = [one, *self.last(note.project)][:_MOST]
        self._records.put(f"{_LAST}/{note.project}.json", {"messages": known})


def _attempts(note: NewsNote, channel: str) -> str:
    return f"{_SENDING}/{note.name}/{channel}"


def _done(note: NewsNote) -> str:
    return f"{_DONE}/{note.project}/{note.name}.json"
