"""Readings of whole lines: dumps, and text that was folded before something stood ahead of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from slipway.pipeline.mask_steps import Traced


class Digits(StrEnum):
    """How a dump shows bytes."""

    BYTES = "bytes"  # in their order, as `xxd`, `hexdump -C` and `od -t x1` do
    SWAPPED = "swapped"  # as words of this machine: `hexdump`, `od -x`, `xxd -e`
    OCTAL = "octal"  # `od`, `od -b`


class Dumped:
    """Keeps the digits of a dump's lines, as hexadecimal ones of bytes in their order; no offsets.

    Each digit came from its whole line, as the characters stand beside the digits.

    :param digits: how bytes are shown.
    """

    def __init__(self, digits: Digits) -> None:
        self._read = _READERS[digits]

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        return b"".join(digits for digits, _, _ in self._lines(data)) if may_dump(data) else b""

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        return _by_line(traced, self._lines(traced.data))

    def _lines(self, data: bytes) -> Iterator[_Part]:
        end_before = 0
        for match in _DUMP_LINE.finditer(data):
            if match.start() > end_before + 1:
                yield b"|", end_before, match.start()  # other lines in between end a dump
            yield self._read(match), match.start(), match.end()
            end_before = match.end()
        if end_before and end_before < len(data) - 1:
            yield b"|", end_before, len(data)


class LastWords:
    """Keeps the last word of each line, as far as words may be parts of one text that was folded.

    What stands ahead in each line (a container's name, a time, an indent) is left out.

    :param apart: what is in one word is told from what goes over several.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self._between = _NO_WORD if apart else b""

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        out, wide = [], False
        for line in data.split(b"\n"):
            if words := line.rsplit(None, 1):
                word = words[-1]
                # Only the last line of a text that is folded may be a narrow one.
                out.append(word if (fits := len(word) >= _NARROWEST) or wide else _NO_WORD)
                wide = fits
        return self._between.join(out)

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        out, places, wide, at = bytearray(), list[int](), False, 0
        for line in traced.data.split(b"\n"):
            if words := line.rsplit(None, 1):
                word = words[-1]
                first = at + line.rindex(word)
                kept = word if (fits := len(word) >= _NARROWEST) or wide else _NO_WORD
                out += kept
                places += range(first, first + len(kept))
                wide = fits
            at += len(line) + 1
        return Traced(
            bytes(out),
            [traced.starts[place] for place in places],
            [traced.ends[place] for place in places],
        )


def may_dump(data: bytes) -> bool:
    """Tell, fast, whether there may be a dump in a text."""
    return bool(_DUMP_AHEAD.search(data) or _DUMP_AHEAD.match(b"\n" + data[:64]))


def _by_line(traced: Traced, lines: Iterable[_Part]) -> Traced:
    out, starts, ends = bytearray(), list[int](), list[int]()
    for digits, first, last in lines:
        out += digits
        starts += [traced.starts[first]] * len(digits)
        ends += [traced.ends[max(first, last - 1)]] * len(digits)
    return Traced(bytes(out), starts, ends)


def _bytes(line: re.Match[bytes]) -> bytes:
    """Return a line's digits, without characters beside them that look like some."""
    first, _, rest = (line["groups"] or b"|").partition(b"  ")
    digits = first.translate(None, b" \t-")
    if len(digits) == _HALF_LINE:  # `hexdump -C` parts its sixteen bytes in the middle
        digits += rest.partition(b"  ")[0].translate(None, b" \t-")
    return digits.lower()


def _swapped(line: re.Match[bytes]) -> bytes:
    """Return a line's digits, the bytes of each word turned round."""
    words = _words(line)
    # The last word of `xxd -e` has fewer digits, and stands where a whole one would end.
    after = line.start("groups") + len((line["groups"] or b"").rstrip()) - line.start()
    narrow = _NARROW_WORD.match(line[0], after) if line["colon"] and line["groups"] else None
    if narrow and len(narrow[0]) == len(words[-1]) + 1:
        words.append(narrow[1])
    return b"".join(
        word[at : at + 2] for word in words for at in range(len(word) - 2, -1, -2)
    ).lower()


def _octal(line: re.Match[bytes]) -> bytes:
    """Return a line's digits, from octal ones of bytes or of words."""
    words = _words(line)
    if not all(_OCTAL.fullmatch(word) for word in words):
        return b"|"
    return b"".join(
        int(word, 8).to_bytes(3, "little")[: len(word) // 3].hex().encode() for word in words
    )


def _words(line: re.Match[bytes]) -> list[bytes]:
    if not line["groups"]:
        return [line["offset"] if line["indent"] else b"|"]
    # `hexdump -o` has two blanks between words, and `xxd -e` before its characters.
    words = line["groups"].partition(b"  " if line["colon"] else b"   ")[0].split()
    while len(words) > 1 and len(words[-1]) != len(words[0]):
        words.pop()  # characters that look like digits
    # Without an offset (`od -An`) a line begins with a blank, and then with a word.
    if line["indent"] and not line["colon"] and len(line["offset"]) == len(words[0]):
        words.insert(0, line["offset"])
    return words


_Part = tuple[bytes, int, int]
_READERS = {Digits.BYTES: _bytes, Digits.SWAPPED: _swapped, Digits.OCTAL: _octal}
_HALF_LINE = 16
_DUMP_AHEAD = re.compile(rb"\n[ \t]{0,8}[0-9a-fA-F]{3,16}:?[ \t]")
_DUMP_LINE = re.compile(
    rb"(?m)^(?P<indent>[ \t]{0,8})(?P<offset>[0-9a-fA-F]{3,16})(?P<colon>:?)"
    rb"(?:[ \t]{1,8}(?P<groups>(?:[0-9a-fA-F]{2,8}(?:[ \t-]{1,2}|(?=\r?$)))++)[^\n]*"
    rb"|[ \t]*+\r?$)"
)
_NARROW_WORD = re.compile(rb" *([0-9a-fA-F]{2,6})(?= |\r?\Z)")
_OCTAL = re.compile(rb"[0-3][0-7]{2}|[01][0-7]{5}")
# Characters to which nobody folds a text; what stands for words that are none of one: no text.
_NARROWEST, _NO_WORD = 8, b"\xff"
