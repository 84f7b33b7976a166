"""The ways in which a text can be read, so that a secret in it is seen whatever it wears.

A reading takes away what programs put between a secret's characters (line breaks, colours, quotes)
and undoes what they put in their place (``%26``, ``\\u00e4``, ``&quot;``). Reading is done with the
few operations that are fast; where each character stood is worked out only for a text that holds a
secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from slipway.pipeline.masking.dumps import Digits, Dumped, may_dump
from slipway.pipeline.masking.escapes import DECODED, UNBROKEN, UNNOISED, UNTITLED
from slipway.pipeline.masking.lines import Unprefixed
from slipway.pipeline.masking.redraws import Redrawn
from slipway.pipeline.masking.steps import Fold, Replace, Step, Traced


class Alphabet(StrEnum):
    """What is looked for in a reading."""

    RAW = "raw"
    TEXT = "text"
    BLANKLESS = "blankless"
    HEX = "hex"
    BASE64 = "base64"


# Bytes that are looked at beside what is looked for.
_MARGIN = 64
# Escapes within escapes that are undone.
_DEEPEST = 2
_CONTROLS = bytes(range(32)) + b"\x7f"
_QUOTES = b"\"'\\`"
# `$'` begins a quoted part in a shell, in the middle of a word as well.
_UNQUOTED = Replace(re.compile(rb"\$(?=['\"])"), lambda _: b"", (b"$",))
_HEX_MARK = Replace(re.compile(rb"0x"), lambda _: b"", (b"x",))

_SAME = bytes.maketrans(b"", b"")
TEXT = Fold(bytes.maketrans(b"+", b" "), _CONTROLS + _QUOTES)
BLANKLESS = Fold(_SAME, _CONTROLS + _QUOTES + b" +")
HEX = Fold(bytes.maketrans(b"ABCDEF", b"abcdef"), _CONTROLS + _QUOTES + b" :,-;.|_\xc2\xa0")
BASE64 = Fold(bytes.maketrans(b"-_", b"+/"), _CONTROLS + _QUOTES + b" ")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text.

    :param alphabet: which forms of a secret are looked for.
    :param steps: what is done to the text, in this order.
    :param as_it_is: nothing but single characters was taken out: what the text itself shows, the
        reading shows as well.
    :param whole: a line can be read only as a whole.
    :param apart: steps to what other readings show as well.
    """

    alphabet: Alphabet
    steps: tuple[Step, ...]
    as_it_is: bool = False
    whole: bool = False
    apart: tuple[Step, ...] = ()

    def trace(self, data: bytes) -> Traced:
        """Read, and keep the places."""
        traced = Traced.of(data)
        for step in self.steps:
            traced = step.trace(traced)
        return traced

    def shown_elsewhere(self, data: bytes) -> bytes:
        """Read what other readings show as well; nothing where that is not known."""
        if not self.apart:
            return b""
        for step in self.apart:
            data = step.apply(data)
        return data

    def place_from_end(self, data: bytes, text: bytes) -> int:
        """Return where something began that the reading ends with; looks at no more than it must.

        :param data: that was read.
        :param text: what the reading ends with.
        """
        size = 4 * len(text) + _MARGIN
        while size < len(data) and not self.whole:
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
    (Alphabet.BLANKLESS, (_UNQUOTED, BLANKLESS)),
)
_AS_IT_IS: tuple[Step, ...] = (UNNOISED,)
_DUMPS = tuple(Dumped(digits) for digits in Digits)
_UNPREFIXED, _LINES_APART, _REDRAWN = Unprefixed(), Unprefixed(apart=True), Redrawn()


def readings(data: bytes) -> Iterable[tuple[Reading, bytes]]:
    """Yield every reading of a text that may differ, and what it comes to."""
    plain = UNNOISED.apply(data)
    before = _AS_IT_IS if plain != data else ()
    yield from _written(_AS_IT_IS, plain, as_it_is=not before)
    untitled = UNTITLED.apply(data)
    if untitled != data:
        yield from _written((UNTITLED, *_AS_IT_IS), UNNOISED.apply(untitled))
    unbroken = UNBROKEN.apply(plain)
    if unbroken != plain:
        yield from _folded((*before, UNBROKEN), unbroken)
    unprefixed = _UNPREFIXED.apply(plain)
    for reading, text in _folded((*before, _UNPREFIXED), unprefixed):
        fold = reading.steps[len(before) + 1 :]
        yield replace(reading, whole=True, apart=(*before, _LINES_APART, *fold)), text
    drawn = _REDRAWN.apply(data)
    if drawn != data:
        for reading, text in _written((_REDRAWN, *_AS_IT_IS), UNNOISED.apply(drawn)):
            yield replace(reading, whole=True), text
    if may_dump(plain):
        for dumped in _DUMPS:
            yield Reading(Alphabet.HEX, (*before, dumped), whole=True), dumped.apply(plain)


def _written(
    steps: tuple[Step, ...], data: bytes, *, as_it_is: bool = False
) -> Iterable[tuple[Reading, bytes]]:
    yield Reading(Alphabet.RAW, steps, as_it_is), data
    yield from _folded(steps, data, as_it_is=as_it_is)
    # JSON within a URL, and the like: what is written twice is read twice.
    for _ in range(_DEEPEST):
        decoded = DECODED.apply(data)
        if decoded == data:
            break
        steps, data = (*steps, DECODED), decoded
        yield from _folded(steps, decoded)


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

    :param data: what is read.
    :param decoded: escapes are undone.
    """
    plain = UNNOISED.apply(data)
    plain = DECODED.apply(plain) if decoded else plain
    return TEXT.apply(_UNQUOTED.apply(plain))
