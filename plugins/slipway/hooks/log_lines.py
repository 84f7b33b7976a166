"""A container's output, cut into lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

# A program that never ends its line must not fill the worker's memory.
LONGEST = 1 << 16


class LineCutter:
    """Cuts a stream of bytes into lines, without their ends.

    Bytes that are not UTF-8 are replaced, and a line beyond ``LONGEST`` bytes comes in pieces.

    :param emit: receives each line.
    """

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take in what has come; a line, or a character, may be spread over several chunks."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._pieces(line)
        if len(self._rest) > LONGEST:
            whole = (len(self._rest) - 1) // LONGEST * LONGEST
            self._pieces(self._rest[:whole])
            self._rest = self._rest[whole:]

    def close(self) -> None:
        """Hand out a last line that has no end."""
        if self._rest:
            self._pieces(self._rest)
            self._rest = b""

    def _pieces(self, line: bytes) -> None:
        for start in range(0, max(len(line), 1), LONGEST):
            self._emit(_text(line[start : start + LONGEST]))


def split_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut a stream of bytes into lines, as :class:`LineCutter` does.

    :param chunks: as they arrive.
    """
    lines: deque[str] = deque()
    cutter = LineCutter(lines.append)
    for chunk in chunks:
        cutter.feed(chunk)
        while lines:
            yield lines.popleft()
    cutter.close()
    yield from lines


def _text(line: bytes) -> str:
    # What a progress bar drew over is gone from a terminal, too.
    return line.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
