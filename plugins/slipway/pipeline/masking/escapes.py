"""What programs put between a text's characters, and in their place."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable

from slipway.model.text.inert import unseen_characters
from slipway.pipeline.masking.steps import Replace


def _any_of(characters: Iterable[str]) -> bytes:
    """Return a pattern of characters beyond ASCII: each beginning of some once, which is fast."""
    last: defaultdict[bytes, set[int]] = defaultdict(set)
    for encoded in (character.encode() for character in characters):
        last[encoded[:-1]].add(encoded[-1])
    return b"|".join(
        re.escape(head) + b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(tails)) + b"]"
        for head, tails in last.items()
    )


# All but the one that begins a command to a terminal.
_UNSEEN_BETWEEN = [one for one in unseen_characters() if one != "\x9b"]
# Colours and cursor movements, whole or cut off at the end; characters that show nothing. Every
# branch begins with a plain byte: that is fast. What a terminal takes as a title or a link is
# text, and stays.
_NOISE = re.compile(
    rb"\x1b\[[0-?]*+[ -/]*+(?:[@-~]|\Z)|\xc2\x9b[0-?]*+[ -/]*+(?:[@-~]|\Z)"
    rb"|\x1b[()*+][0-9A-Z]|\x1b[0-9=>A-OQ-WYZ\\^_a-z]|\x1b\Z|" + _any_of(_UNSEEN_BETWEEN)
)
# A title, or a link's address, which a terminal does not show among the text.
_UNSEEN = re.compile(
    rb"\x1b[\]P^_X][^\x07\x1b\n]*+(?:\x07|\x1b\\)"
    rb"|\xc2[\x90\x98\x9d-\x9f][^\x07\x1b\n\xc2]*+(?:\x07|\x1b\\|\xc2\x9c)"
)
_ESCAPE = re.compile(
    rb"%[0-9a-fA-F]{2}|%u[0-9a-fA-F]{4}"
    rb"|(?<!\\)\\++(?:u[dD][89abAB][0-9a-fA-F]{2}\\++u[dD][c-fC-F][0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\}"
    rb"|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|(?:x\{|N\{U\+)[0-9a-fA-F]{1,8}\}"
    # `echo -e` wants a zero before three digits; of a control character, none counts.
    rb"|0(?:0[4-7]|[1-3][0-7])[0-7]|[0-7]{2,3}|[0abefnrtv])"
    rb"|&(?:#0{0,32}+[0-9]{1,7}|#[xX]0{0,32}+[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
)
_DIGITS = re.compile(rb"[0-9a-fA-F]+")


def _unescaped(match: re.Match[bytes]) -> bytes:
    """Return the bytes that an escape stands for."""
    text = match[0]
    if text[0] == ord("%"):
        byte = text[1] != ord("u")
        return bytes([int(text[1:], 16)]) if byte else _character([int(text[2:], 16)])
    if text[0] == ord("&"):
        return html.unescape(text.decode()).encode(errors="replace")
    text = text.lstrip(b"\\")
    if text[0] in b"uUN" or text.endswith(b"}"):
        return _character([int(digits, 16) for digits in _DIGITS.findall(text)])
    if text[0] == ord("x"):
        return bytes([int(text[1:], 16)])
    if len(text) >= 2:
        return bytes([int(text, 8) & 0xFF])
    return b""  # a control character, of which none counts


def _character(units: list[int]) -> bytes:
    if len(units) == 2:
        units = [0x10000 + ((units[0] & 0x3FF) << 10) + (units[1] & 0x3FF)]
    return chr(units[0]).encode(errors="replace") if units[0] <= 0x10FFFF else b"?"


def _nothing(_: re.Match[bytes]) -> bytes:
    return b""


def _each(marks: bytes) -> tuple[bytes, ...]:
    return tuple(bytes([mark]) for mark in marks)


UNNOISED = Replace(
    _NOISE, _nothing, (b"\x1b", *sorted({one.encode()[:1] for one in _UNSEEN_BETWEEN}))
)
UNTITLED = Replace(
    _UNSEEN,
    _nothing,
    (
        *(b"\x1b" + mark for mark in _each(b"]P^_X")),
        *(b"\xc2" + mark for mark in _each(b"\x90\x98\x9d\x9e\x9f")),
    ),
)
UNBROKEN = Replace(re.compile(rb"=\r?\n"), _nothing, (b"=\n", b"=\r\n"))
"""Puts lines together that a mail program broke."""
DECODED = Replace(_ESCAPE, _unescaped, _each(b"%\\&"))
