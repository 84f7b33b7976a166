"""The forms in which a secret is looked for, by the alphabet of the reading that shows them."""

from __future__ import annotations

import base64
import html
import json
import quopri
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote, quote_plus

from slipway.pipeline.masking.escapes import UNNOISED
from slipway.pipeline.masking.readings import BLANKLESS, Alphabet, text_form
from slipway.pipeline.masking.shells import printed

# Shorter texts are everywhere; masking them would hide the log and tell the secret.
SHORTEST = 4
# What is left of a secret that is mostly quotes and the like must not be everywhere either.
_SHORTEST_FOLDED = 6
# In capitals, a short secret is a word like others; what is short and is base64 is so by chance.
_SHORTEST_CAPITALS, _SHORTEST_WRAPPING = 8, 12
# Without the blanks between words, a short one is found across two of them.
_SHORTEST_BLANKLESS = 12

# How programs write a text down; each is undone by the reading of escapes.
_WRITERS: tuple[Callable[[str], str], ...] = (
    json.dumps,
    repr,
    ascii,
    shlex.quote,
    html.escape,
    quote_plus,
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: quote(text, safe=""),
    lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
)

Forms = dict[Alphabet, tuple[bytes, ...]]


def forms(secrets: Iterable[str]) -> Forms:
    """Return everything that is looked for, in each alphabet.

    :param secrets: their values; those too short to be masked are passed over.
    """
    found: dict[Alphabet, dict[bytes, None]] = {alphabet: {} for alphabet in Alphabet}
    for secret in secrets:
        for alphabet, form in _forms(secret):
            found[alphabet][form] = None
    return {alphabet: tuple(ones) for alphabet, ones in found.items()}


def _forms(secret: str) -> Iterator[tuple[Alphabet, bytes]]:
    """Yield a secret's forms, and those of each of its lines: a key's lines come alone as well."""
    whole = secret.strip()
    lines = [line.strip() for line in secret.splitlines()]
    for text in dict.fromkeys((whole, *lines)):
        if len(text) >= SHORTEST:
            yield from _texts(text)
            yield from _numbers(text, twice=text == whole)
    for text in _within(whole):
        yield from _texts(text)


def _texts(text: str) -> Iterator[tuple[Alphabet, bytes]]:
    data = UNNOISED.apply(_bytes(text))
    if len(data) < SHORTEST:
        return
    written = [data, *(UNNOISED.apply(_bytes(write(text))) for write in _WRITERS)]
    folded = text_form(data, decoded=False)
    if len(folded) < min(len(data), _SHORTEST_FOLDED):
        yield from ((Alphabet.RAW, one) for one in written)
        return
    yield Alphabet.TEXT, folded
    blankless = BLANKLESS.apply(data)
    if len(blankless) >= _SHORTEST_BLANKLESS:
        yield Alphabet.BLANKLESS, blankless
    seen = [data] if text.isascii() else [data, text.encode("latin-1", errors="replace")]
    others = tuple(_other_writings(text))
    yield from ((Alphabet.TEXT, text_form(one, decoded=False)) for one in others)
    read = (text_form(one, decoded=True) for one in (*seen, *written, *others))
    said = (text_form(one, decoded=False) for one in printed(_bytes(text)))
    for form in (*read, *said):
        if len(form) >= min(len(data), _SHORTEST_FOLDED):
            yield Alphabet.TEXT, form


def _other_writings(text: str) -> Iterator[bytes]:
    """Yield what is left of a text in a mail and in capitals."""
    mail = quopri.encodestring(_bytes(text)).replace(b"=\n", b"")
    if mail != _bytes(text):
        yield mail
    if len(text) >= _SHORTEST_CAPITALS and text.upper() != text:
        yield _bytes(text.upper())


def _within(text: str) -> Iterator[str]:
    """Yield the text that a secret is base64 of, where it is."""
    if len(text) < _SHORTEST_WRAPPING:
        return
    with suppress(ValueError):
        inner = base64.b64decode("".join(text.split()), validate=True).decode()
        if len(inner) >= _SHORTEST_CAPITALS and inner.isprintable():
            yield inner


def _numbers(text: str, *, twice: bool) -> Iterator[tuple[Alphabet, bytes]]:
    """Yield the forms that do not show the text's characters.

    :param twice: also what was written in one form and then in another.
    """
    data = _bytes(text)
    yield Alphabet.HEX, data.hex().encode()
    inner = {data: None}
    if twice:
        # A registry's login is base64 of a name and a password, and a cluster shows it once more.
        cores = tuple(_base64(data))
        yield from ((Alphabet.HEX, core.hex().encode()) for core in cores)
        others = (
            quote(text, safe=""),
            quote_plus(text),
            json.dumps(text)[1:-1],
            data.hex(),
            data.hex().upper(),
            html.escape(text),
        )
        inner |= dict.fromkeys([*(other.encode() for other in others), *cores])
    for one in inner:
        yield from ((Alphabet.BASE64, form) for form in _base64(one))


def _base64(data: bytes) -> Iterator[bytes]:
    """Yield what does not change whatever stands before and after, at each of the offsets."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).rstrip(b"=")
        # The first characters hold bits of what came before, the last of what follows.
        first = (offset * 8 + 5) // 6
        whole = (offset + len(data)) * 8 // 6
        if whole - first >= SHORTEST:
            yield encoded[first:whole]


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
