"""Steps that run side by side, on one log: each in a group of its own, one group at a time.

The step whose group is open is shown live. The others' lines are kept, and follow as soon as the
open group has ended: first those that have ended too, then the rest live again. Nothing is left
out: where no more of a group can wait, it is shown at once, and the open one goes on below.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from slipway.model.text.inert import visible
from slipway.model.text.log_lines import blocks
from slipway.pipeline.masking.mask import Masker
from slipway.pipeline.masking.stream import MaskedStream
from slipway.pipeline.runtime.waiting_output import InMemory, WaitingOutput

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable, Iterator

_log = logging.getLogger(__name__)
# Characters of a title, or of the line that ends a group.
_LONGEST = 2000
_CONTINUED = ", continued"
_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_COLOURED_MARKER = re.compile(
    "|".join(f"(?:{_COLOUR.pattern})*".join(mark) for mark in ("::group::", "::endgroup::"))
)


@dataclass
class _Group:
    title: str
    stream: MaskedStream
    tail: deque[str] | None
    kept: WaitingOutput
    ended: bool = False

    def lines(self) -> Iterator[list[str]]:
        """Take out the lines that were kept, many at once."""
        rest = b""
        while block := self.kept.pop():
            whole, end, rest = (rest + block).rpartition(b"\n")
            if end:
                yield whole.decode(errors="surrogatepass").split("\n")
        self.kept.close()


class LogGroups:
    """Writes groups the way Airflow's UI folds them: ``::group::title``, ``::endgroup::``.

    Everything that is written passes one masker, and whoever hands on something else of a run
    (errors, reports, facts) passes it through :attr:`mask`. Safe to use from several threads.

    :param emit: writes a line, or several with line breaks between them.
    :param together: so many lines of a group may be written at once, where they come faster than
        one by one.
    :param waiting: makes what keeps the lines of a group that is not shown yet.
    """

    def __init__(
        self,
        emit: Callable[[str], None],
        *,
        together: int = 1,
        waiting: Callable[[], WaitingOutput] = InMemory,
    ) -> None:
        self._emit = emit
        self._together = together
        self._waiting = waiting
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
            self._groups[key] = group = _Group(self._shown(title), stream, tail, self._waiting())
            if len(self._groups) == 1:
                self._emit(f"::group::{group.title}")

    def say(self, text: str) -> None:
        """Write a line that belongs to no group, at once."""
        with self._lock:
            self._emit(_harmless(self.mask(text)))

    def note(self, text: str, *, level: int = logging.DEBUG) -> None:
        """Tell whoever looks for a mistake of Slipway's, in the program's own log.

        :param text: one line.
        :param level: as :mod:`logging` has it.
        """
        _log.log(level, "%s", self.mask(text))

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
        self._add(key, [self._shown(summary)])
        with self._lock:
            group.ended = True
            while self._groups:
                first, group = next(iter(self._groups.items()))
                if not group.ended:
                    return
                self._emit("::endgroup::")
                del self._groups[first]
                self._show_next()

    def _shown(self, text: str) -> str:
        """Return a line that names things as the pipeline file does, whatever it calls them."""
        return visible(self.mask(text), _LONGEST)

    def _add(self, key: str, lines: list[str]) -> None:
        with self._lock:
            group, lines = self._groups[key], _harmless("\n".join(lines)).split("\n")
            if group.tail is not None:
                group.tail.extend(lines)
            if next(iter(self._groups)) == key:
                self._write(lines)
                return
            group.kept.append(("\n".join(lines) + "\n").encode(errors="surrogatepass"))
            if group.kept.full:
                self._set_aside()
                self._show(key)

    def _set_aside(self) -> None:
        """Close the open group's fold; the rest of it gets another one."""
        open_group = next(iter(self._groups.values()))
        self._emit("(this goes on further below)")
        self._emit("::endgroup::")
        open_group.title = f"{open_group.title.removesuffix(_CONTINUED)}{_CONTINUED}"

    def _show_next(self) -> None:
        """Open the next group: one that has ended, so that little is held back, else the first."""
        if self._groups:
            ended = (key for key, group in self._groups.items() if group.ended)
            self._show(next(ended, next(iter(self._groups))))

    def _show(self, key: str) -> None:
        """Open a group, and write what was kept of it."""
        group = self._groups.pop(key)
        self._groups = {key: group, **self._groups}
        self._emit(f"::group::{group.title}")
        for lines in group.lines():
            self._write(lines)

    def _write(self, lines: list[str]) -> None:
        for block in blocks(lines, self._together):
            self._emit(block)


def _harmless(text: str) -> str:
    """Keep a program's own output from opening and closing our groups."""
    if "\x1b" in text:  # the UI looks for them in what is left without colours
        text = _COLOURED_MARKER.sub(_without_colours, text)
    return text.replace("::group::", ": :group: :").replace("::endgroup::", ": :endgroup: :")


def _without_colours(marker: re.Match[str]) -> str:
    return _COLOUR.sub("", marker[0])
