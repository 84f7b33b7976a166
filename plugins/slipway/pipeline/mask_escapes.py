"""What programs put between a text's characters, and in their place."""

from __future__ import annotations

import html
import re

from slipway.pipeline.mask_steps import Chain, Replace

# Colours and cursor movements, whole or cut off at the end; characters without a width, directions
# of writing, variations, tags, other controls. Every branch begins with a plain byte: that is fast.
# What a terminal takes as a title or a link is text, and stays.
_NOISE = re.compile(
    rb"\x1b\[[0-?]*+[ -/]*+(?:[@-~]|\Z)|\xc2\x9b[0-?]*+[ -/]*+(?:[@-~]|\Z)"
    rb"|\x1b[()*+][0-9A-Z]|\x1b[0-9=>A-OQ-WYZ\\^_a-z]|\x1b\Z"
    rb"|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf"
    rb"|\xc2[\x80-\x9a\x9c-\x9f\xad]|\xcd\x8f|\xd8\x9c|\xe1\xa0[\x8b-\x8f]"
    rb"|\xf3\xa0[\x80-\x87][\x80-\xbf]"
)
# A character and the step back over it.
_STEP_BACK = re.compile(rb"(?:[\x00-\x07\t\x0b-\x7f]|[\xc2-\xf4][\x80-\xbf]{1,3})\x08")
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


UNNOISED = Chain(
    (
        Replace(_NOISE, _nothing, _each(b"\x1b\xe2\xef\xc2\xcd\xd8\xe1\xf3")),
        Replace(_STEP_BACK, _nothing, _each(b"\x08")),
    )
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
