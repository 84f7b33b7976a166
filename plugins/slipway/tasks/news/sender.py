"""Sends the news that tasks left, away from the tasks.

Each channel is told on its own: one that fails is left alone for a while, and for as long as it
asks, while the others are told. What cannot be sent is said, and noted for housekeeping.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from airflow.sdk._shared.secrets_masker import redact

from slipway.exceptions import ChannelUnavailable, SlipwayError
from slipway.hooks.store.notes.news import SENT, NewsNotes
from slipway.model.news.channel import NewsChannel
from slipway.model.news.note import NewsNote
from slipway.notifiers.channels import tell_channel
from slipway.tasks.pauses import Pauses

# Seconds until news are old.
_STALE = 86400.0
# Channels that are told at once.
_AT_ONCE = 4
_Message = tuple[NewsNote, NewsChannel]


class Tell(Protocol):
    """Tells a channel something."""

    def __call__(self, note: NewsNote, channel: NewsChannel, *, again: bool) -> None:
        """Tell it once.

        :param again: whether the message may have arrived before.
        """


@dataclass(kw_only=True)
class NewsSender:
    """Sends what waits, one round after another.

    :param notes: opens what waits.
    :param say: takes what people should read, once.
    :param tell: tells a channel.
    :param clock: the time, seconds since 1970.
    """

    notes: Callable[[], NewsNotes]
    say: Callable[[str], None]
    tell: Tell = tell_channel
    clock: Callable[[], float] = time.time
    _pauses: Pauses = field(init=False)
    _told: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Leave nobody alone yet."""
        self._pauses = Pauses(clock=self.clock)

    def round(self) -> int:
        """Send what waits, once.

        :returns: how many pieces of news there were.
        """
        notes = self.notes()
        waiting = list(notes.waiting(lambda words: self._say("", words)))
        by_connection: dict[str, list[_Message]] = {}
        for note in waiting:
            if notes.is_done(note):
                continue
            for channel in note.channels:
                if not notes.ended(note, channel.name):
                    by_connection.setdefault(channel.connection, []).append((note, channel))
        if len(by_connection) > 1:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="news") as pool:
                list(pool.map(lambda some: self._to_one(notes, some), by_connection.values()))
        else:
            for some in by_connection.values():
                self._to_one(notes, some)
        self._finish(notes, waiting)
        return len(waiting)

    def _finish(self, notes: NewsNotes, waiting: Iterable[NewsNote]) -> None:
        for note in waiting:
            if notes.is_done(note) or all(notes.ended(note, one.name) for one in note.channels):
                notes.finish(note)

    def _to_one(self, notes: NewsNotes, some: list[_Message]) -> None:
        """Send what waits for one connection, in order, until it fails."""
        connection = some[0][1].connection
        resting = self._pauses.rests(connection)
        for note, channel in some:
            if self.clock() - note.at > _STALE:
                self._give_up(notes, note, channel, "it could not be sent for a day")
            elif not resting:
                resting = not self._send(notes, note, channel)

    def _send(self, notes: NewsNotes, note: NewsNote, channel: NewsChannel) -> bool:
        """Send one message; returns whether the next one may follow."""
        number = notes.attempt(note, channel.name, self.clock())
        if not number:
            return False  # another sender is at it, or was killed a moment ago
        if notes.is_done(note) or notes.ended(note, channel.name):
            notes.take_back(note, channel.name, number)
            return True
        try:
            self.tell(note, channel, again=number > 1)
        except ChannelUnavailable as error:
            if not error.maybe_sent:
                notes.take_back(note, channel.name, number)
            self._leave_alone(channel, error)
            return False
        except Exception as error:
            self._give_up(notes, note, channel, _words(error))
            return True
        notes.end(note, channel.name, SENT, self.clock())
        self._pauses.end(channel.connection)
        self._trouble(notes, note.project, channel.name, "")
        return True

    def _give_up(self, notes: NewsNotes, note: NewsNote, channel: NewsChannel, words: str) -> None:
        notes.end(note, channel.name, words, self.clock())
        self._trouble(notes, note.project, channel.name, words)

    def _leave_alone(self, channel: NewsChannel, error: ChannelUnavailable) -> None:
        seconds = self._pauses.begin(channel.connection, error.retry_after)
        if seconds is not None:
            self.say(
                f"{channel.name}: {redact(error.message)}; it is left alone for {seconds:.0f} s, "
                "and tried again"
            )

    def _trouble(self, notes: NewsNotes, project: str, channel: str, words: str) -> None:
        """Note what is wrong with a channel, when it is something new."""
        key = f"{project}.{channel}"
        if self._told.get(key) == words:
            return
        if words:
            self._say(key, words)
        self._told[key] = words
        notes.tell_trouble(project, channel, words)

    def _say(self, key: str, words: str) -> None:
        if self._told.get(key) != words:
            self._told[key] = words
            self.say(f"{key}: {words}" if key else words)


def _words(error: Exception) -> str:
    """Say what is wrong; what is not ours may quote a secret."""
    if isinstance(error, SlipwayError):
        return str(redact(str(error)))
    return f"the message could not be made or sent: {type(error).__name__}"
