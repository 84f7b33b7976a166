"""The form in which the engine sends what a container writes: both its outputs over one stream."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

# A frame's head: one byte for the output that it belongs to, three empty ones, four of length.
_HEAD = 8
# Bytes of a line without an end that are held back for the rest of it.
_LONGEST = 1 << 20


class Frames:
    """Takes the stream apart; a frame, or its head, may be spread over several pieces."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    @property
    def cut(self) -> bool:
        """Say whether more must come: the stream does not end here by itself."""
        return bool(self._head or self._left)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take in what has come.

        :returns: which output, and a part of what was written there.
        """
        parts, at = [], 0
        while at < len(data):
            if not self._left:
                head = data[at : at + _HEAD - len(self._head)]
                at += len(head)
                self._head += head
                if len(self._head) < _HEAD:
                    break
                self._left = int.from_bytes(self._head[4:], "big")
                if not self._left:
                    self._head = b""
                continue
            part = data[at : at + self._left]
            at += len(part)
            self._left -= len(part)
            parts.append((self._head[0], part))
            if not self._left:
                self._head = b""
        return [
            (output, b"".join(part for _, part in run))
            for output, run in groupby(parts, itemgetter(0))
        ]


class Braid:
    """Makes one text of a container's outputs: line by line, so that none is torn apart.

    The start of a line waits for its end, up to 1 MiB of it.
    """

    def __init__(self) -> None:
        self._begun: dict[int, bytes] = {}

    def feed(self, output: int, data: bytes) -> bytes:
        """Take in a part of one output, and return what can be told now."""
        begun = self._begun.pop(output, b"")
        end = data.rfind(b"\n") + 1
        if end:
            begun, data = begun + data[:end], data[end:]
        elif len(begun) + len(data) > _LONGEST:
            begun, data = begun + data, b""
        else:
            begun, data = b"", begun + data
        if data:
            self._begun[output] = data
        return begun

    def close(self) -> bytes:
        """Return what has no end."""
        rest = b"\n".join(self._begun.values())
        self._begun.clear()
        return rest
