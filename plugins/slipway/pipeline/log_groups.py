"""Steps that run side by side, on one log: each in a group of its own, one group at a time.

The step whose group is open is shown live. The others' lines are kept, and follow as soon as
the open group has ended: first those that have ended too, then the rest live again.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from slipway.pipeline.mask_stream import MaskedStream
from slipway.pipeline.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Lines that a waiting group keeps, and characters in them; beyond it the oldest are dropped, and
# their number is said.
_KEPT, _KEPT_SIZE = 20_000, 4 << 20


@dataclass
class _Group:
    title: str
    stream: MaskedStream
    tail: deque[str] | None
    lines: deque[str] = field(default_factory=deque)
    size: int = 0
    dropped: int = 0
    ended: bool = False

    def keep(self, text: str) -> None:
        self.lines.append(text)
        self.size += len(text)
        while len(self.lines) > _KEPT or self.size > _KEPT_SIZE:
            self.size -= len(self.lines.popleft())
            self.dropped += 1


class LogGroups:
    """Writes groups the way Airflow's UI folds them: ``::group::title``, ``::endgroup::``.

    Everything that is written passes one masker. Safe to use from several threads.

    :param emit: writes one line.
    """

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}
        self.mask = Masker(())

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these as well, in all that is said and in groups that begin from now on."""
        with self._lock:
            known = self.mask.secrets.union(secrets)
            if known != self.mask.secrets:
                self.mask = Masker(known)

    def begin(self, key: str, title: str, *, tail: deque[str] | None = None) -> None:
        """Begin a group.

        :param key: names it in the calls that follow.
        :param title: shown on the fold.
        :param tail: receives the group's lines as well, masked.
        """
        stream = MaskedStream(self.mask, partial(self._add, key))
        with self._lock:
            self._groups[key] = group = _Group(self.mask(title), stream, tail)
            if len(self._groups) == 1:
                self._emit(f"::group::{group.title}")

    def say(self, text: str) -> None:
        """Write a line that belongs to no group, at once."""
        with self._lock:
            self._emit(_harmless(self.mask(text)))

    def line(self, key: str, text: str) -> None:
        """Add a line to a group."""
        self._groups[key].stream.line(text)

    def write(self, key: str, chunk: bytes) -> None:
        """Add a program's output to a group, as it comes: cut anywhere."""
        if group := self._groups.get(key):  # what still comes after a group's end is nobody's
            group.stream.feed(chunk)

    def end(self, key: str, summary: str) -> None:
        """End a group with a last line."""
        group = self._groups[key]
        group.stream.close()
        group.tail = None
        self._add(key, self.mask(summary))
        with self._lock:
            group.ended = True
            while self._groups:
                first, group = next(iter(self._groups.items()))
                if not group.ended:
                    return
                self._emit("::endgroup::")
                del self._groups[first]
                self._show_next()

    def _add(self, key: str, text: str) -> None:
        with self._lock:
            group, text = self._groups[key], _harmless(text)
            if group.tail is not None:
                group.tail.append(text)
            if next(iter(self._groups)) == key:
                self._emit(text)
            else:
                group.keep(text)

    def _show_next(self) -> None:
        """Open the next group: one that has ended, so that little is held back, else the first."""
        if not self._groups:
            return
        ended = (key for key, group in self._groups.items() if group.ended)
        key = next(ended, next(iter(self._groups)))
        group = self._groups.pop(key)
        self._groups = {key: group, **self._groups}
        self._emit(f"::group::{group.title}")
        if group.dropped:
            self._emit(f"({group.dropped} earlier lines were dropped)")
        for line in group.lines:
            self._emit(line)
        group.lines.clear()


def _harmless(text: str) -> str:
    """Keep a program's own output from opening and closing our groups."""
    return text.replace("::group::", ": :group: :").replace("::endgroup::", ": :endgroup: :")
