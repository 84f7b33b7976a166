"""A container's output, cut into lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A program that never ends its line must not fill the worker's memory.
LONGEST = 1 << 16


def split_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Cut a stream of bytes into lines, without their ends.

    Bytes that are not UTF-8 are replaced, and a line beyond ``LONGEST`` bytes comes in pieces.

    :param chunks: as they arrive; a line, or a character, may be spread over several.
    """
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield from _pieces(line)
        while len(rest) > LONGEST:
            yield _text(rest[:LONGEST])
            rest = rest[LONGEST:]
    if rest:
        yield from _pieces(rest)


def _pieces(line: bytes) -> Iterator[str]:
    for start in range(0, max(len(line), 1), LONGEST):
        yield _text(line[start : start + LONGEST])


def _text(line: bytes) -> str:
    # What a progress bar drew over is gone from a terminal, too.
    return line.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
