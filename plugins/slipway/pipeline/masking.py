"""Keeps secrets out of what containers write.

A secret is found as it is and in the clothes that programs put on it: base64 (at any offset, as
in ``user:password``), URL and JSON escapes, hexadecimal; of one with several lines, each line.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from slipway.pipeline.engine import Engine

MASK = "******"
# Shorter texts are everywhere; masking them would hide the log and tell the secret.
SHORTEST = 4


class Masker:
    """Replaces secrets in text.

    :param secrets: their values; those too short to be masked are passed over.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        # The longest first, or part of a secret would be left beside the mask of another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return the text with a mask in place of each secret."""
        return self._pattern.sub(MASK, text) if self._pattern else text


class _MaskedEngine:
    """An engine whose containers' lines are masked at the source."""

    def __init__(self, engine: Engine, mask: Masker) -> None:
        self._engine = engine
        self._mask = mask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def run_to_end(self, container: str, *, timeout: float, log: Callable[[str], None]) -> int:
        def masked(line: str) -> None:
            log(self._mask(line))

        return self._engine.run_to_end(container, timeout=timeout, log=masked)

    def logs(self, container: str, *, follow: bool = True) -> Iterator[str]:
        return map(self._mask, self._engine.logs(container, follow=follow))


def masked_engine(engine: Engine, secrets: Iterable[str]) -> Engine:
    """Return an engine from which no secret comes out."""
    return cast("Engine", _MaskedEngine(engine, Masker(secrets)))


def _forms(secret: str) -> Iterator[str]:
    for text in (secret, *secret.splitlines()):
        plain = text.strip()
        if len(plain) < SHORTEST:
            continue
        data = plain.encode(errors="surrogateescape")
        yield plain
        yield json.dumps(plain)[1:-1]
        yield quote(plain, safe="")
        yield quote(plain)
        yield quote_plus(plain)
        yield data.hex()
        yield from _base64(data)


def _base64(data: bytes) -> Iterator[str]:
    """Yield what does not change whatever stands before and after, at each of the offsets."""
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * offset + data).decode().rstrip("=")
            # The first characters hold bits of what came before, the last of what follows.
            first = (offset * 8 + 5) // 6
            whole = (offset + len(data)) * 8 // 6
            if whole - first >= SHORTEST:
                yield encoded[first:whole]
