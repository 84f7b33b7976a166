"""Reads the dumps of ``xxd``, ``hexdump`` and ``od`` by their columns.

The cells of a line have one width and one distance, so what stands beside them, characters that may
look like digits as well, is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from slipway.pipeline.masking.steps import Traced


class Digits(StrEnum):
    """How a dump shows bytes."""

    BYTES = "bytes"  # in their order, as `xxd`, `hexdump -C` and `od -t x1` do
    SWAPPED = "swapped"  # as words of this machine: `hexdump`, `od -x`, `xxd -e`
    OCTAL = "octal"  # `od`, `od -b`
    OCTAL_IN_ORDER = "octal in order"  # `od --endian=big`


Part: TypeAlias = tuple[bytes, int, int]
"""Hexadecimal digits, and where in a text their line begins and ends."""

# No hexadecimal digit: what stands around it is not next to each other.
_APART = b"|"
_MAY_DUMP = re.compile(rb"\n[ \t]{0,8}[0-9a-fA-F]{3,16}:?[ \t]")
_LINE = re.compile(
    rb"(?m)^(?:(?P<row>(?P<indent>[ \t]{0,5})(?P<offset>[0-9a-fA-F]{3,16})(?P<colon>:?)"
    rb"(?=[ \t]|\r?$)[^\n]*)"
    rb"|(?P<same>\*\r?$)"
    # The same bytes in another form, or as characters: `od -t x1c`.
    rb"|(?P<beside>[ \t]{6,}[^\n]+))"
)
_CELL = re.compile(rb"[ \t]{0,8}([0-9a-fA-F]{2,32})(?=[ \t]|\r?$)")
_HEX = re.compile(rb"[0-9a-fA-F]+")
_OCTAL = re.compile(rb"[0-7]+")
# Bytes that so many octal digits show.
_OCTAL_BYTES = {3: 1, 6: 2, 11: 4, 22: 8}
# `hexdump -C` leaves a wider gap after so many cells.
_MIDDLE = 8
# Blanks between two cells.
_WIDEST_GAP = 5
# Bytes that are put in place of a star, more than a secret has, and in place of all in a text.
_MOST_REPEATED, _MOST_OF_ALL = 512, 8192


class Dumped:
    """Keeps the digits of a dump's lines, as hexadecimal ones of bytes in their order; no offsets.

    Each digit came from its whole line, as the characters stand beside the digits.

    :param digits: how bytes are shown.
    """

    def __init__(self, digits: Digits) -> None:
        self._digits = digits

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        return b"".join(digits for digits, _, _ in self._lines(data))

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        out, starts, ends = bytearray(), list[int](), list[int]()
        for digits, first, last in self._lines(traced.data):
            out += digits
            starts += [traced.starts[first]] * len(digits)
            ends += [traced.ends[max(first, last - 1)]] * len(digits)
        return Traced(bytes(out), starts, ends)

    def _lines(self, data: bytes) -> Iterator[Part]:
        dump = _Dump(read=_READERS[self._digits])
        end_before = 0
        for row in _rows(data):
            if row.start > end_before + 1:
                yield _APART, end_before, row.start  # other lines in between end a dump
                dump = _Dump(read=dump.read, left=dump.left)
            yield from dump.take(row)
            end_before = row.end
        if end_before and end_before < len(data) - 1:
            yield _APART, end_before, len(data)


def may_dump(data: bytes) -> bool:
    """Tell, fast, whether there may be a dump in a text."""
    return bool(_MAY_DUMP.search(data) or _MAY_DUMP.match(b"\n" + data[:64]))


class _Row(NamedTuple):
    """A line of a dump.

    :param start: where it begins in the text.
    :param end: where it ends.
    :param offset: as it is written; nothing where there is none.
    :param cells: nothing where there is only an offset.
    :param same: a star, for rows that are as the one before.
    """

    start: int
    end: int
    offset: bytes = b""
    cells: tuple[bytes, ...] = ()
    same: bool = False


@lru_cache(maxsize=1)
def _rows(data: bytes) -> tuple[_Row, ...]:
    """Read the lines of dumps; each way of showing bytes asks for the same ones."""
    return tuple(
        _Row(*line.span(), line["offset"] or b"", tuple(_cells(line)), line["same"] is not None)
        for line in _LINE.finditer(data)
    )


@dataclass
class _Dump:
    """The lines of one dump.

    :param read: returns the hexadecimal digits of cells; nothing where they are of another form.
    :param digits: the last row's.
    :param offset: the last row's.
    :param bases: those in which the offsets may be written.
    :param same: where a star stands that the next offset will explain.
    :param left: bytes that stars may still stand for.
    """

    read: Callable[[tuple[bytes, ...]], bytes]
    digits: bytes = b""
    offset: bytes = b""
    bases: tuple[int, ...] = (16, 8, 10)
    same: _Row | None = None
    left: int = _MOST_OF_ALL

    def take(self, row: _Row) -> Iterator[Part]:
        """Read one more line."""
        if row.same:
            self.same = row
        elif row.offset:
            yield from self._repeated(row.offset)
            self.digits = self.read(row.cells) or (_APART if row.cells else b"")
            self.offset = row.offset
            yield self.digits, row.start, row.end

    def _repeated(self, offset: bytes) -> Iterator[Part]:
        """Yield what a star left out, and learn how offsets are written from rows without one."""
        size = len(self.digits) // 2
        if not size:
            return
        skipped = {base: _skipped(self.offset, offset, base) - size for base in self.bases}
        if self.same is None:
            self.bases = tuple(base for base, more in skipped.items() if not more) or self.bases
            return
        more = min((one for one in skipped.values() if one > 0 and one % size == 0), default=0)
        copies = min(more, _MOST_REPEATED, self.left) // size
        if copies:
            self.left -= copies * size
            yield self.digits * copies, self.same.start, self.same.end
        self.same = None


def _skipped(before: bytes, offset: bytes, base: int) -> int:
    try:
        return int(offset, base) - int(before, base)
    except ValueError:
        return -1


def _cells(line: re.Match[bytes]) -> list[bytes]:
    """Return the cells of a row."""
    if not line["row"]:
        return []
    text, at = line[0], line.end("colon") - line.start()
    first = _CELL.match(text, at)
    if first is None:
        return [line["offset"]] if line["indent"] else []
    cells, width, end = [first[1]], len(first[1]), first.end()
    if line["colon"]:
        gap = 1  # of `xxd`; beyond two blanks there are characters
    elif line["indent"] and len(line["offset"]) == width:
        cells.insert(0, line["offset"])  # there is no offset: `od -An`
        gap = first.start(1) - at
    else:
        second = _CELL.match(text, end)
        gap = second.start(1) - end if second else 0
    while 0 < gap <= _WIDEST_GAP:
        wider = not line["colon"] and len(cells) == _MIDDLE and text[end : end + gap + 1].isspace()
        start = end + gap + wider
        cell = _cell(text[start : start + width + 1], width)
        if not cell or text[end:start].strip():
            break
        cells.append(cell)
        end = start + width
    return cells


def _cell(place: bytes, width: int) -> bytes:
    """Return what is in a cell's place; the last one may be narrow, at either side of it.

    :param place: of the cell, and the byte behind it.
    :param width: of a cell.
    """
    room, behind = place[:width], place[width:]
    cell = room.strip()
    if not _HEX.fullmatch(cell) or (len(cell) < width and len(cell) % 2):
        return b""
    at_the_left = room.startswith(cell) and len(cell) < width
    at_the_right = len(room) == width and room.endswith(cell) and not behind.strip()
    return cell if at_the_left or at_the_right else b""


def _in_order(cells: tuple[bytes, ...]) -> bytes:
    return b"".join(cells).lower() if all(len(cell) % 2 == 0 for cell in cells) else b""


def _swapped(cells: tuple[bytes, ...]) -> bytes:
    """Turn the bytes of each word round."""
    if any(len(cell) % 2 for cell in cells):
        return b""
    return b"".join(
        cell[at : at + 2] for cell in cells for at in range(len(cell) - 2, -1, -2)
    ).lower()


def _octal(cells: tuple[bytes, ...]) -> bytes:
    return _of_octal(cells, big=False)


def _octal_in_order(cells: tuple[bytes, ...]) -> bytes:
    return _of_octal(cells, big=True)


def _of_octal(cells: tuple[bytes, ...], *, big: bool) -> bytes:
    size = _OCTAL_BYTES.get(len(cells[0]), 0) if cells else 0
    if not size or not all(_OCTAL.fullmatch(cell) and len(cell) == len(cells[0]) for cell in cells):
        return b""
    words = [int(cell, 8) & ((1 << 8 * size) - 1) for cell in cells]
    return b"".join(
        word.to_bytes(size, "big" if big else "little").hex().encode() for word in words
    )


_READERS: dict[Digits, Callable[[tuple[bytes, ...]], bytes]] = {
    Digits.BYTES: _in_order,
    Digits.SWAPPED: _swapped,
    Digits.OCTAL: _octal,
    Digits.OCTAL_IN_ORDER: _octal_in_order,
}
