"""A container's output, cut into lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

# A program that never ends its line must not fill the worker's memory.
LONGEST = 1 << 16
# Characters that are put together.
_MOST_TOGETHER = 1 << 15
# What a character's first byte is not, in UTF-8, and the most that follow it.
_CONTINUES, _MOST_FOLLOW = range(0x80, 0xC0), 3


class LineCutter:
    """Cuts a stream of bytes into lines, without their ends.

    Bytes that are not UTF-8 are replaced, and a line beyond ``LONGEST`` bytes comes in pieces.

    :param emit: receives the lines that came together; there is at least one.
    """

    def __init__(self, emit: Callable[[list[str]], None]) -> None:
        self._emit = emit
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take in what has come; a line, or a character, may be spread over several chunks."""
        whole, end, rest = chunk.rpartition(b"\n")
        if end:
            self._emit(_lines(self._rest + whole))
            self._rest = rest
        else:
            self._rest += rest
        if len(self._rest) > LONGEST:
            *pieces, self._rest = _pieces(self._rest)
            self._emit([_text(piece) for piece in pieces])

    def close(self) -> None:
        """Hand out a last line that has no end."""
        if self._rest:
            self._emit(_lines(self._rest))
            self._rest = b""


def blocks(lines: list[str], most: int) -> Iterator[str]:
    """Put lines together, with line breaks between them; long ones stay alone.

    :param lines: that came together.
    :param most: of a block.
    """
    for at in range(0, len(lines), most):
        some = lines[at : at + most]
        if sum(map(len, some)) > _MOST_TOGETHER:
            yield from some
        else:
            yield "\n".join(some)


def split_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut a stream of bytes into lines, as :class:`LineCutter` does.

    :param chunks: as they arrive.
    """
    lines: list[str] = []
    cutter = LineCutter(lines.extend)
    for chunk in chunks:
        cutter.feed(chunk)
        yield from lines
        lines.clear()
    cutter.close()
    yield from lines


def _lines(data: bytes) -> list[str]:
    if len(data) <= LONGEST and b"\r" not in data:  # nearly always, and ten times as fast
        return data.decode(errors="replace").split("\n")
    return [_text(piece) for line in data.split(b"\n") for piece in _pieces(line)]


def _pieces(line: bytes) -> list[bytes]:
    """Cut a long line, but no character."""
    pieces, at = [], 0
    while len(line) - at > LONGEST:
        end = at + LONGEST
        while line[end] in _CONTINUES and end > at + LONGEST - _MOST_FOLLOW:
            end -= 1
        pieces.append(line[at:end])
        at = end
    return [*pieces, line[at:]]


def _text(line: bytes) -> str:
    # What a progress bar drew over is gone from a terminal, too.
    return line.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
