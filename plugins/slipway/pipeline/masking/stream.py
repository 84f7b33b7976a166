"""Masks output as it comes, wherever it is cut: in lines, or anywhere else.

The search goes over the stream and not over lines, so a secret is found across the end of a line,
of a piece of a very long line, or of what the engine hands over at once. A line is held back only
when it ends with what may be the beginning of a secret, and not for long.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from slipway.model.text.log_lines import LONGEST, LineCutter
from slipway.pipeline.masking.mask import BEGINNING, Masker, Span, masked, merged
from slipway.pipeline.masking.readings import readings

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds that a line is held back for what may follow, and in which lines are gathered: a look at
# many costs little more than a look at one.
PATIENCE, _GATHER = 0.5, 0.01
# Bytes that are looked at at once, and that may wait before whoever feeds them must wait as well.
_AT_ONCE, _MOST = 1 << 16, 1 << 20
# Bytes before what is new that are looked at again, and that may be held back beside a form.
_CONTEXT, _BETWEEN = 64, 4096
# An escape or a colour that is cut off must stay whole.
_CUT_OFF = re.compile(
    rb"(?:\\+[uUx0-7]?[0-9a-fA-F{]{0,8}|\\+N?\{?U?\+?[0-9a-fA-F]{0,8}|%u?[0-9a-fA-F]{0,3}"
    rb"|&#?[xX]?[0-9A-Za-z]{0,48}|(?:\x1b\[?|\xc2\x9b)[0-?]{0,32}[ -/]{0,4})\Z"
)
_LONGEST_CUT_OFF = 64


class StreamMasker:
    """One stream of output, from bytes to masked lines.

    :param mask: knows the secrets.
    :param emit: receives the lines that came together, without their ends; bytes that are not
        UTF-8 are replaced.
    """

    def __init__(self, mask: Masker, emit: Callable[[list[str]], None]) -> None:
        self._mask = mask
        self._lines = LineCutter(emit)
        self._data = b""
        self._shown = 0
        self._waiting = 0
        self._most_held = mask.longest * 4 + _BETWEEN
        self.holds = False
        """A line is held back for what may follow."""

    def feed(self, chunk: bytes) -> None:
        """Take in what has come; ends of lines and characters may be anywhere."""
        if not self._mask.longest:
            self._lines.feed(chunk)
            return
        self._data += chunk
        self._waiting += len(chunk)
        if b"\n" in chunk or self._waiting > LONGEST:
            self._waiting = 0
            self._advance()

    def give_up(self) -> None:
        """Hand out the lines that are held back; what looks like a secret so far is masked."""
        self._show_up_to(self._data.rfind(b"\n") + 1)

    def close(self) -> None:
        """Hand out what is left: nothing more comes."""
        self._show_up_to(len(self._data))
        self._lines.close()

    def _advance(self) -> None:
        """Hand out all that can no longer be part of a secret that goes on."""
        end = self._data.rfind(b"\n") + 1
        at_line_end = end > self._shown
        if not at_line_end:
            end = _uncut(self._data)
        head = self._data[:end]
        texts = list(readings(head))
        begun = self._mask.begun(head, texts, least=BEGINNING if at_line_end else 1)
        if begun is not None and end - begun > self._most_held:
            self._show_up_to(end)
            return
        spans = self._mask.find(head, texts, line_by_line=True)
        stop = end if begun is None else max(begun, self._shown)
        for first, last in reversed(spans):
            if first < stop < last:
                stop = max(first, self._shown)
        self._show(stop, [span for span in spans if span[0] < stop])
        self._forget(stop if begun is None else min(begun, stop))
        self.holds = at_line_end and begun is not None

    def _show_up_to(self, end: int) -> None:
        """Show everything, and mask what looks like a secret so far."""
        self.holds = False
        if end <= self._shown:
            return
        head = self._data[:end]
        texts = list(readings(head))
        spans = self._mask.find(head, texts, line_by_line=True)
        begun = self._mask.unfinished(head, texts)
        self._show(end, spans if begun is None else merged([*spans, (begun, end)]))
        within = begun is not None and end - begun <= self._most_held
        self._forget(begun if begun is not None and within else end)

    def _show(self, end: int, spans: list[Span]) -> None:
        seen = self._shown
        moved = [(max(a, seen) - seen, min(b, end) - seen) for a, b in spans if b > seen]
        self._lines.feed(masked(self._data[seen:end], moved))
        self._shown = end

    def _forget(self, upto: int) -> None:
        """Keep what is still needed, and a little before it to look at again."""
        kept = max(0, min(upto, self._shown) - _CONTEXT)
        self._data, self._shown = self._data[kept:], self._shown - kept


class MaskedStream:
    """A :class:`StreamMasker` that works beside whoever feeds it.

    Safe to use from several threads. What comes fast is looked at together.

    :param mask: knows the secrets.
    :param emit: receives the lines that came together, from another thread; all have come when
        ``close`` returns.
    :param patience: seconds that a line is held back for what may follow.
    """

    def __init__(
        self, mask: Masker, emit: Callable[[list[str]], None], *, patience: float = PATIENCE
    ) -> None:
        self._masker = StreamMasker(mask, emit)
        self._searches = bool(mask.longest)
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting = bytearray()
        self._closing = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def feed(self, chunk: bytes) -> None:
        """Take in what has come; ends of lines and characters may be anywhere."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < _MOST)
            if self._closing or self._error:
                return
            if not self._searches:
                self._masker.feed(chunk)
                return
            self._waiting += chunk
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            if len(self._waiting) == len(chunk) or len(self._waiting) >= _AT_ONCE:
                self._changed.notify_all()

    def line(self, text: str) -> None:
        """Take in a line."""
        self.feed(text.encode(errors="replace") + b"\n")

    def close(self) -> None:
        """Hand out what is left: nothing more comes.

        :raises Exception: what ``emit`` has raised.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is None:
            self._masker.close()
        else:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while chunk := self._next():
                self._masker.feed(chunk)
            self._masker.close()
        except Exception as error:
            # It belongs to whoever closes the stream.
            with self._changed:
                self._error = error
                self._waiting.clear()
                self._changed.notify_all()

    def _next(self) -> bytes:
        """Wait for more; nothing comes at the end."""
        with self._changed:
            patience = self._patience if self._masker.holds else None
            if not self._changed.wait_for(self._is_needed, patience):
                self._masker.give_up()
                self._changed.wait_for(self._is_needed)
            self._changed.wait_for(self._is_enough, _GATHER)
            chunk = bytes(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
            return chunk

    def _is_needed(self) -> bool:
        return bool(self._waiting) or self._closing

    def _is_enough(self) -> bool:
        return len(self._waiting) >= _AT_ONCE or self._closing


def _uncut(data: bytes) -> int:
    """Return where an escape begins that is cut off at the end, or else the end."""
    match = _CUT_OFF.search(data, max(0, len(data) - _LONGEST_CUT_OFF))
    return match.start() if match else len(data)
