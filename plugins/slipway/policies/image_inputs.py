"""What an image is made of, and which of it has changed since another one was baked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

# What stands for a content that says nothing to people.
_DIGEST = re.compile(r"[0-9a-f]{12}")
_PLAIN = "="


def plain(text: str) -> str:
    """Return an input that people read as it is.

    :param text: the input.
    """
    return f"{_PLAIN}{text}"


def setting_digest(text: str) -> str:
    """Return what stands for a setting; for any, in records of before.

    :param text: the setting.
    """
    written = json.dumps({"__ansible_unsafe": text}, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say line by line what differs, in the order of the inputs' names.

    :param before: inputs of an image that is there.
    :param now: inputs of the one that would be baked.
    """
    return list(_changes(before, now))


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old is not None and new is not None and _same(old, new):
            continue
        if old is None:
            text = str(new)
            yield f"{name} is new" if _DIGEST.fullmatch(text) else f"{name}: {_said(text)} is new"
        elif new is None:
            yield f"{name} is gone"
        elif _DIGEST.fullmatch(old) or _DIGEST.fullmatch(new):
            yield f"{name} has changed"
        else:
            yield f"{name}: {_said(old)} -> {_said(new)}"


def _same(old: str, new: str) -> bool:
    """Compare two inputs, one of which may be of a record from before settings were readable."""
    if old == new:
        return True
    digests = (setting_digest(one[1:]) if one.startswith(_PLAIN) else one for one in (old, new))
    return len(set(digests)) == 1


def _said(text: str) -> str:
    return (text.removeprefix(_PLAIN) or "nothing") if text.startswith(_PLAIN) else text
