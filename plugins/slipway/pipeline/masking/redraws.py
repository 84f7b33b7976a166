"""What a terminal shows of a line in which a program goes back and writes over what it wrote."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import NamedTuple

from slipway.pipeline.masking.steps import Traced

# A step back, a movement within the line, what is cleared of it, a return that ends no line.
_MARKS = (b"\x08", b"\x1b[")
_MOVE = re.compile(
    rb"\x08|\r(?!\n|\Z)|\x1b\[(?P<count>[0-9]{0,4})(?P<kind>[CDGKP])"
    rb"|(?P<character>[\xc2-\xf4][\x80-\xbf]{1,3}|[^\x08])",
    re.DOTALL,
)
_REDRAWN = re.compile(rb"\x08|\x1b\[[0-9]{0,4}[DGP]")
# Columns of a line that is drawn; nobody's terminal has more, and a list has an end.
_WIDEST = 4096


class Redrawn:
    """Draws lines that go back as a terminal does, one line after the other.

    Other lines stay as they are.
    """

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        if not any(mark in data for mark in _MARKS) or not _REDRAWN.search(data):
            return data
        return b"".join(
            b"".join(cell.shown for cell in _drawn(line)) if _REDRAWN.search(line) else line
            for line in data.splitlines(keepends=True)
        )

    def trace(self, traced: Traced) -> Traced:
        """Make the same change; a column came from all that was written to it."""
        out, starts, ends, at = bytearray(), list[int](), list[int](), 0
        for line in traced.data.splitlines(keepends=True):
            if _REDRAWN.search(line):
                cells = _drawn(line)
                out += b"".join(cell.shown for cell in cells)
                # What was written to a column later, or earlier, than to its neighbours lies
                # within as well.
                first = accumulate((cell.first for cell in reversed(cells)), min)
                last = accumulate((cell.last for cell in cells), max)
                for cell, start, end in zip(cells, [*first][::-1], last, strict=True):
                    starts += [traced.starts[at + start]] * len(cell.shown)
                    ends += [traced.ends[at + end - 1]] * len(cell.shown)
            else:
                out += line
                starts += traced.starts[at : at + len(line)]
                ends += traced.ends[at : at + len(line)]
            at += len(line)
        return Traced(bytes(out), starts, ends)


class _Cell(NamedTuple):
    """A column: what it shows, and from where to where it was written."""

    shown: bytes
    first: int
    last: int


def _drawn(line: bytes) -> list[_Cell]:
    """Return the columns of a line."""
    cells: list[_Cell] = []
    column = 0
    for match in _MOVE.finditer(line):
        character, (start, end) = match["character"], match.span()
        if character is None:
            # Beyond its end a line has no columns, whatever a movement says: what is drawn of it
            # has no more of them than what was written.
            column = min(_moved(match, column, cells), len(cells))
        elif column < _WIDEST:
            if column < len(cells):
                cells[column] = _Cell(character, cells[column].first, end)
            else:
                cells.append(_Cell(character, start, end))
            column += 1
    return cells


def _moved(match: re.Match[bytes], column: int, cells: list[_Cell]) -> int:
    """Move in a line, or clear some of it; returns the column."""
    count = int(match["count"] or 0)
    if match[0] == b"\x08":
        return max(0, column - 1)
    if match[0] == b"\r":
        return 0
    if match["kind"] == b"D":
        return max(0, column - max(1, count))
    if match["kind"] == b"C":
        return column + max(1, count)
    if match["kind"] == b"G":
        return max(0, count - 1)
    if match["kind"] == b"P":
        del cells[column : column + max(1, count)]
    elif count == 0:
        del cells[column:]
    return column
