"""The ways in which a text can be read, so that a secret in it is seen whatever it wears.

A reading takes away what programs put between a secret's characters (line breaks, colours, quotes)
and undoes what they put in their place (``%26``, ``\\u00e4``, ``&quot;``). Reading is done with the
few operations that are fast; where each character stood is worked out only for a text that holds a
secret.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Alphabet(StrEnum):
    """What is looked for in a reading."""

    RAW = "raw"
    TEXT = "text"
    HEX = "hex"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Traced:
    """A reading, and where each of its bytes came from.

    :param starts: of each byte, in what was read.
    :param ends: of each byte, in what was read.
    """

    data: bytes
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, data: bytes) -> Traced:
        """Begin with the text itself."""
        return cls(data, list(range(len(data))), list(range(1, len(data) + 1)))


class Step(Protocol):
    """One change that a reading makes."""

    def apply(self, data: bytes) -> bytes:
        """Make the change."""

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""


@dataclass(frozen=True, slots=True)
class Replace:
    """Puts something else in the place of a pattern.

    :param marks: bytes without which the pattern cannot be there.
    """

    pattern: re.Pattern[bytes]
    replacement: Callable[[re.Match[bytes]], bytes]
    marks: bytes

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        if not any(mark in data for mark in self.marks):
            return data
        return self.pattern.sub(self.replacement, data)

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        out, starts, ends, at = bytearray(), list[int](), list[int](), 0
        for match in self.pattern.finditer(traced.data):
            first, last = match.span()
            new = self.replacement(match)
            out += traced.data[at:first] + new
            starts += traced.starts[at:first] + [traced.starts[first]] * len(new)
            ends += traced.ends[at:first] + [traced.ends[last - 1]] * len(new)
            at = last
        return Traced(
            bytes(out + traced.data[at:]), starts + traced.starts[at:], ends + traced.ends[at:]
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """Drops some bytes, and makes others equal."""

    table: bytes
    dropped: bytes

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        return data.translate(self.table, self.dropped)

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        kept = [place for place, byte in enumerate(traced.data) if byte not in self.dropped]
        return Traced(
            self.apply(traced.data),
            [traced.starts[place] for place in kept],
            [traced.ends[place] for place in kept],
        )


class Dumped:
    """Keeps the digits of a hexdump's lines (``xxd``, ``hexdump -C``, ``od -t x1``), no offsets.

    Each digit came from its whole line, as the characters stand beside the digits.
    """

    def apply(self, data: bytes) -> bytes:
        """Make the change."""
        if not (_DUMP_AHEAD.search(data) or _DUMP_AHEAD.match(b"\n" + data[:64])):
            return b""
        return b"".join(digits for digits, _, _ in self._lines(data))

    def trace(self, traced: Traced) -> Traced:
        """Make the same change, and keep the places."""
        out, starts, ends = bytearray(), list[int](), list[int]()
        for digits, first, last in self._lines(traced.data):
            out += digits
            starts += [traced.starts[first]] * len(digits)
            ends += [traced.ends[max(first, last - 1)]] * len(digits)
        return Traced(bytes(out), starts, ends)

    def _lines(self, data: bytes) -> Iterable[tuple[bytes, int, int]]:
        end_before = 0
        for match in _DUMP_LINE.finditer(data):
            if match.start() > end_before + 1:
                yield b"|", end_before, match.start()  # other lines in between end a dump
            yield _dumped_digits(match[1]), match.start(), match.end()
            end_before = match.end()
        if end_before and end_before < len(data) - 1:
            yield b"|", end_before, len(data)


def _dumped_digits(shown: bytes) -> bytes:
    """Return a line's digits, without characters beside them that look like some."""
    first, _, rest = shown.partition(b"  ")
    digits = first.translate(None, b" \t-")
    if len(digits) == _HALF_LINE:  # `hexdump -C` parts its sixteen bytes in the middle
        digits += rest.partition(b"  ")[0].translate(None, b" \t-")
    return digits.lower()


_HALF_LINE = 16
_DUMP_AHEAD = re.compile(rb"\n[ \t]{0,8}[0-9a-fA-F]{4,16}:?[ \t]")
_DUMP_LINE = re.compile(
    rb"(?m)^[ \t]{0,8}[0-9a-fA-F]{4,16}:?[ \t]{1,2}((?:[0-9a-fA-F]{2,8}(?:[ \t-]{1,2}|(?=\r?$)))++)"
    rb"[^\n]*"
)
# Colours and cursor movements, whole or cut off at the end; a character and the step back over it.
# What a terminal takes as a title or a link is text, and stays.
_NOISE = re.compile(
    rb"\x1b\[[0-?]*+[ -/]*+(?:[@-~]|\Z)|\x1b[()*+][0-9A-Z]|\x1b[0-9=>A-OQ-WYZ\\^_a-z]|\x1b\Z"
    rb"|(?:[\x00-\x07\t\x0b-\x7f]|[\xc2-\xf4][\x80-\xbf]{1,3})\x08"
    # Characters without a width.
    rb"|\xe2\x80[\x8b-\x8f]|\xe2\x81\xa0|\xef\xbb\xbf|\xc2\xad"
)
_ESCAPE = re.compile(
    rb"%[0-9a-fA-F]{2}"
    rb"|(?<!\\)\\++(?:u[dD][89abAB][0-9a-fA-F]{2}\\++u[dD][c-fC-F][0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\}"
    rb"|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|[0abefnrtv])"
    rb"|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
)
_DIGITS = re.compile(rb"[0-9a-fA-F]+")


def _unescaped(match: re.Match[bytes]) -> bytes:
    """Return the bytes that an escape stands for."""
    text = match[0]
    if text[0] == ord("%"):
        return bytes([int(text[1:], 16)])
    if text[0] == ord("&"):
        return html.unescape(text.decode()).encode(errors="replace")
    text = text.lstrip(b"\\")
    if text[0] in b"uU":
        return _character([int(digits, 16) for digits in _DIGITS.findall(text)])
    if text[0] == ord("x"):
        return bytes([int(text[1:], 16)])
    if len(text) == 3:
        return bytes([int(text, 8) & 0xFF])
    return b""  # a control character, of which none counts


def _character(units: list[int]) -> bytes:
    if len(units) == 2:
        units = [0x10000 + ((units[0] & 0x3FF) << 10) + (units[1] & 0x3FF)]
    return chr(units[0]).encode(errors="replace") if units[0] <= 0x10FFFF else b"?"


# Bytes that are looked at beside what is looked for.
_MARGIN = 64
# Escapes within escapes that are undone.
_DEEPEST = 2
_CONTROLS = bytes(range(32))
_QUOTES = b"\"'\\`"
_UNNOISED = Replace(_NOISE, lambda _: b"", b"\x1b\x08\xe2\xef\xc2")
_DECODED = Replace(_ESCAPE, _unescaped, b"%\\&")
# `$'` begins a quoted part in a shell, in the middle of a word as well.
_UNQUOTED = Replace(re.compile(rb"\$(?=['\"])"), lambda _: b"", b"$")
_HEX_MARK = Replace(re.compile(rb"0x"), lambda _: b"", b"x")

_SAME = bytes.maketrans(b"", b"")
TEXT = Fold(bytes.maketrans(b"+", b" "), _CONTROLS + _QUOTES)
HEX = Fold(
    bytes.maketrans(b"ABCDEF", b"abcdef"), _CONTROLS + _QUOTES + b" :,-",
)  # fmt: skip
BASE64 = Fold(bytes.maketrans(b"-_", b"+/"), _CONTROLS + _QUOTES + b" ")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text.

    :param alphabet: which forms of a secret are looked for.
    :param steps: what is done to the text, in this order.
    :param as_it_is: nothing but single characters was taken out: what the text itself shows, the
        reading shows as well.
    """

    alphabet: Alphabet
    steps: tuple[Step, ...]
    as_it_is: bool = False

    def trace(self, data: bytes) -> Traced:
        """Read, and keep the places."""
        traced = Traced.of(data)
        for step in self.steps:
            traced = step.trace(traced)
        return traced

    def place_from_end(self, data: bytes, text: bytes) -> int:
        """Return where something began that the reading ends with; looks at no more than it must.

        :param text: what the reading ends with.
        """
        size = 4 * len(text) + _MARGIN
        while size < len(data) and self is not _DUMP:
            first = len(data) - size
            traced = self.trace(data[first:])
            # An escape may be cut off where it begins to look.
            if len(traced.data) >= len(text) + _MARGIN // 4 and traced.data.endswith(text):
                return first + traced.starts[-len(text)]
            size *= 4
        return self.trace(data).starts[-len(text)]


_FOLDS: tuple[tuple[Alphabet, tuple[Step, ...]], ...] = (
    (Alphabet.TEXT, (_UNQUOTED, TEXT)),
    (Alphabet.HEX, (HEX, _HEX_MARK)),
    (Alphabet.BASE64, (BASE64,)),
)
_AS_IT_IS: tuple[Step, ...] = (_UNNOISED,)
_DUMP = Reading(Alphabet.HEX, (_UNNOISED, Dumped()))


def readings(data: bytes) -> Iterable[tuple[Reading, bytes]]:
    """Yield every reading of a text that may differ, and what it comes to."""
    plain = _UNNOISED.apply(data)
    yield Reading(Alphabet.RAW, _AS_IT_IS, plain == data), plain
    yield from _folded(_AS_IT_IS, plain, as_it_is=plain == data)
    # JSON within a URL, and the like: what is written twice is read twice.
    steps, before = _AS_IT_IS, plain
    for _ in range(_DEEPEST):
        decoded = _DECODED.apply(before)
        if decoded == before:
            break
        steps, before = (*steps, _DECODED), decoded
        yield from _folded(steps, decoded)
    if dump := _DUMP.steps[-1].apply(plain):
        yield _DUMP, dump


def _folded(
    before: tuple[Step, ...], data: bytes, *, as_it_is: bool = False
) -> Iterable[tuple[Reading, bytes]]:
    for alphabet, steps in _FOLDS:
        folded = data
        for step in steps:
            folded = step.apply(folded)
        yield Reading(alphabet, (*before, *steps), as_it_is), folded


def text_form(data: bytes, *, decoded: bool) -> bytes:
    """Read as the text of a secret is looked for.

    :param decoded: escapes are undone.
    """
    plain = _DECODED.apply(data) if decoded else data
    return TEXT.apply(_UNQUOTED.apply(plain))
