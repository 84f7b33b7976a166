"""Steps that run side by side, on one log: each in a group of its own, one group at a time.

The step whose group is open is shown live. The others' lines are kept, and follow as soon as
the open group has ended: first those that have ended too, then the rest live again.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Lines that a waiting group keeps; beyond it the oldest are dropped, and their number is said.
_KEPT = 20_000


@dataclass
class _Group:
    title: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    dropped: int = 0
    ended: bool = False


class LogGroups:
    """Writes groups the way Airflow's UI folds them: ``::group::title``, ``::endgroup::``.

    Safe to use from several threads.

    :param emit: writes one line.
    """

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}

    def begin(self, key: str, title: str) -> None:
        """Begin a group.

        :param key: names it in the calls that follow.
        :param title: shown on the fold.
        """
        with self._lock:
            self._groups[key] = _Group(title)
            if len(self._groups) == 1:
                self._emit(f"::group::{title}")

    def say(self, text: str) -> None:
        """Write a line that belongs to no group, at once."""
        with self._lock:
            self._emit(_harmless(text))

    def line(self, key: str, text: str) -> None:
        """Add a line to a group."""
        with self._lock:
            group, text = self._groups[key], _harmless(text)
            if next(iter(self._groups)) == key:
                self._emit(text)
                return
            group.dropped += len(group.lines) == _KEPT
            group.lines.append(text)

    def end(self, key: str, summary: str) -> None:
        """End a group with a last line."""
        self.line(key, summary)
        with self._lock:
            self._groups[key].ended = True
            while self._groups:
                first, group = next(iter(self._groups.items()))
                if not group.ended:
                    return
                self._emit("::endgroup::")
                del self._groups[first]
                self._show_next()

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
