"""Sends the statuses that tasks left, away from the tasks.

A host that fails is left alone for a while, and for as long as it asks; what it should have been
told waits meanwhile, and of what waits for one status only the newest is sent. What is wrong for
good is said once, and noted for housekeeping.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from slipway.exceptions import ForgeRefused, ForgeUnavailable, SlipwayError
from slipway.hooks.forge.base import Forge
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.model.forge.place import ForgePlace
from slipway.model.forge.status import StatusNote
from slipway.model.text.inert import visible
from slipway.tasks.pauses import Pauses

# Seconds until a status is of no use to anybody.
_STALE = 86400.0
# Hosts that are asked at once, and statuses whose last word is remembered.
_AT_ONCE, _REMEMBERED = 4, 10_000
_Waiting = tuple[str, StatusNote]


@dataclass(kw_only=True)
class StatusSender:
    """Sends what waits, one round after another.

    :param notes: opens what waits.
    :param say: takes what people should read, once.
    :param opened: gives a host's client.
    :param clock: the time, seconds since 1970.
    """

    notes: Callable[[], StatusNotes]
    say: Callable[[str], None]
    opened: Callable[[ForgePlace], Forge] = open_forge
    clock: Callable[[], float] = time.time
    _pauses: Pauses = field(init=False)
    _told: dict[str, str] = field(default_factory=dict)
    _sent: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Leave nobody alone yet."""
        self._pauses = Pauses(clock=self.clock)

    def round(self) -> int:
        """Send what waits, once.

        :returns: how many notes there were.
        """
        notes = self.notes()
        hosts: dict[str, list[_Waiting]] = {}
        waiting = list(notes.waiting(lambda words: self._tell("", words)))
        for one in self._newest(notes, waiting):
            hosts.setdefault(one[1].place.server, []).append(one)
        if len(hosts) > 1:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="statuses") as pool:
                list(pool.map(lambda some: self._to_host(notes, some), hosts.values()))
        else:
            for some in hosts.values():
                self._to_host(notes, some)
        return len(waiting)

    def _newest(self, notes: StatusNotes, waiting: Iterable[_Waiting]) -> list[_Waiting]:
        """Drop what something newer was said after, or nobody waits for any more."""
        newest: dict[str, _Waiting] = {}
        for name, note in waiting:
            if note.subject in newest:
                notes.drop(newest[note.subject][0])
            newest[note.subject] = (name, note)
        for name, note in list(newest.values()):
            # Housekeeping may have looked between a task's end and its note.
            if note.at < self._sent.get(note.subject, 0):
                notes.drop(name)
                del newest[note.subject]
        return list(newest.values())

    def _to_host(self, notes: StatusNotes, some: list[_Waiting]) -> None:
        """Send what waits for one host, until it fails."""
        server = some[0][1].place.server
        if self._pauses.rests(server):
            return
        for name, note in some:
            try:
                self._send(notes, name, note)
            except ForgeUnavailable as error:
                self._leave_alone(server, error)
                self._drop_stale(notes, some, error)
                return
            except Exception as error:
                # Whatever it is, it is not the others' affair.
                notes.drop(name)
                self._trouble(notes, note.status.project, _told(error))
            else:
                self._pauses.end(server)

    def _send(self, notes: StatusNotes, name: str, note: StatusNote) -> None:
        """Send one note; that of which the host shows the tests may fail on its own."""
        forge = self.opened(note.place)
        forge.set_status(note.status)
        told = ""
        if note.tests is not None:
            try:
                forge.show_tests(note.status, note.tests)
            except ForgeRefused as error:
                told = f"the tests are not shown: {error}"
        if len(self._sent) >= _REMEMBERED:
            self._sent.clear()
        self._sent[note.subject] = note.at
        notes.sent(name, note)
        self._trouble(notes, note.status.project, told)

    def _leave_alone(self, server: str, error: ForgeUnavailable) -> None:
        seconds = self._pauses.begin(server, error.retry_after)
        if seconds is not None:
            self.say(f"{error.message}; it is left alone for {seconds:.0f} s, and asked again")

    def _drop_stale(
        self, notes: StatusNotes, some: Iterable[_Waiting], error: ForgeUnavailable
    ) -> None:
        for name, note in some:
            if self.clock() - note.at / 1e9 > _STALE:
                notes.drop(name)
                msg = f"statuses of a day ago are given up: {error.message}"
                self._trouble(notes, note.status.project, msg)

    def _trouble(self, notes: StatusNotes, project: str, words: str) -> None:
        """Note what is wrong with a project's statuses, when it is something new."""
        if self._told.get(project, None) == words:
            return
        if words:
            self._tell(project, words)
        self._told[project] = words
        notes.tell_trouble(project, words)

    def _tell(self, project: str, words: str) -> None:
        if self._told.get(project) != words:
            self._told[project] = words
            self.say(f"{project}: {words}" if project else words)


def _told(error: Exception) -> str:
    """Say what is wrong; what is not ours may quote anything."""
    if isinstance(error, SlipwayError):
        return str(error)
    return f"{type(error).__name__}: {visible(str(error))}"
