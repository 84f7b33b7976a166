"""What shells make of a text that they print, where it has escapes in it.

``echo`` of some shells and ``printf`` of all read what they print: of a secret with ``\\033`` in it
a control character comes out in place of these four.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEX = rb"x(?P<hex>[0-9a-fA-F]{1,2})|u(?P<u>[0-9a-fA-F]{1,4})|U(?P<U>[0-9a-fA-F]{1,8})"
_LETTER = rb"(?P<letter>[abeEfnrtv\\])"
_ENDS = rb"(?P<ends>c)"
# Of dash, where a zero ahead of three digits counts for none of them.
_ECHO = re.compile(rb"\\(?:(?P<octal>0[0-7]{0,3}|[1-7][0-7]{0,2})|%b|%b)" % (_LETTER, _ENDS))
# Of bash, with -e, and of busybox.
_ECHO_E = re.compile(rb"\\(?:(?P<octal>0[0-7]{0,3})|%b|%b|%b)" % (_HEX, _LETTER, _ENDS))
_PRINTF = re.compile(rb"\\(?:(?P<octal>[0-7]{1,3})|%b|%b|(?P<ends>(?!)))" % (_HEX, _LETTER))
_LETTERS = dict(zip(b"abeEfnrtv\\", b"\a\b\x1b\x1b\f\n\r\t\v\\", strict=True))
# A text that is printf's format has no arguments: words are empty, and numbers 0.
_FORMAT = re.compile(rb"%(?:%|[-+ #0']*[0-9]*(?:\.[0-9]*)?(?P<kind>[a-zA-Z])?)")
_NUMBERS = b"diouxX"
_WORDS = b"sbcqQ"


def printed(text: bytes) -> Iterator[bytes]:
    """Yield what shells print in place of a text, where that is another one.

    :param text: as it is given to ``echo`` or ``printf``.
    """
    found = dict.fromkeys(
        (
            _read(_ECHO, text),
            _read(_ECHO_E, text),
            _read(_PRINTF, text),
            _read(_PRINTF, _formatted(text)),
        )
    )
    yield from (one for one in found if one != text)


def _read(escapes: re.Pattern[bytes], text: bytes) -> bytes:
    out, at = bytearray(), 0
    for match in escapes.finditer(text):
        out += text[at : match.start()]
        at = match.end()
        if match["ends"]:
            return bytes(out)
        out += _character(match.groupdict())
    return bytes(out + text[at:])


def _character(found: dict[str, bytes | None]) -> bytes:
    if octal := found["octal"]:
        return bytes([int(octal, 8) & 0xFF])
    if letter := found["letter"]:
        return bytes([_LETTERS[letter[0]]])
    if pair := found.get("hex"):
        return bytes([int(pair, 16)])
    number = int(found.get("u") or found.get("U") or b"0", 16)
    return chr(number).encode(errors="replace") if number <= 0x10FFFF else b"?"


def _formatted(text: bytes) -> bytes:
    """Return what a format comes to; it ends where printf does not know what is meant."""
    out, at = bytearray(), 0
    for match in _FORMAT.finditer(text):
        out += text[at : match.start()]
        at, kind = match.end(), match["kind"] or b""
        if match[0] == b"%%":
            out += b"%"
        elif kind and kind in _NUMBERS:
            out += b"0"
        elif not kind or kind not in _WORDS:
            return bytes(out)
    return bytes(out + text[at:])
