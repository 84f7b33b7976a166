"""Reads a text that was folded, and had something put ahead of each line."""

from __future__ import annotations

import string
from collections.abc import Iterator

from slipway.pipeline.masking.steps import Traced


class Unprefixed:
    """Takes away what neighbouring lines begin with alike, and their ends.

    A diff's sign, a mark of a quotation, a container's name and the time, a line's number: where
    two lines have the same ahead of them, but for digits, what follows may be one text. What they
    have alike ends with no letter or digit, so that a text's own beginning stays.

    :param apart: lines stay apart; so what goes over their ends is told from what does not.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self._between = _NO_TEXT if apart else b""

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        return self._between.join(line[cut:] for line, cut in _cut(data))

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        out, places, at = bytearray(), list[int](), 0
        for line, cut in _cut(traced.data):
            out += line[cut:]
            places += range(at + cut, at + len(line))
            at += len(line) + 1
        return Traced(
            bytes(out),
            [traced.starts[place] for place in places],
            [traced.ends[place] for place in places],
        )


_NO_TEXT = b"\xff"
# A head is no longer than this; digits of a time or a number count as one, and blanks before them.
_LONGEST = 64
_ALIKE = bytes.maketrans(b"123456789 ", b"0000000000")
_ALL = (1 << 8 * _LONGEST) - 1
_WORD = (string.ascii_letters + string.digits).encode()


def _cut(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield each line, and how much of it its neighbour begins with as well."""
    lines = data.split(b"\n")
    heads = [line[:_LONGEST] for line in data.translate(_ALIKE).split(b"\n")]
    # Compared as numbers, which is many times faster than byte by byte.
    numbers = [int.from_bytes(head.ljust(_LONGEST, b"\0")) for head in heads]
    before = 0
    for line, number, following in zip(
        lines, numbers, [*numbers[1:], numbers[-1] ^ _ALL], strict=True
    ):
        alike = _LONGEST - ((number ^ following).bit_length() + 7) // 8
        after = len(line[:alike].rstrip(_WORD))
        # The last line of a text has what the one before it has; of two texts the nearer counts.
        yield line, after or min(before, len(line))
        before = after
