"""What an image is made of, and which of it has changed since another one was baked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# What stands for a content that says nothing to people.
_DIGEST = re.compile(r"[0-9a-f]{12}")


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say line by line what differs, in the order of the inputs' names.

    :param before: inputs of an image that is there.
    :param now: inputs of the one that would be baked.
    """
    return list(_changes(before, now))


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if old is None:
            yield f"{name} is new" if _DIGEST.fullmatch(str(new)) else f"{name}: {new} is new"
        elif new is None:
            yield f"{name} is gone"
        elif _DIGEST.fullmatch(old):
            yield f"{name} has changed"
        else:
            yield f"{name}: {old} -> {new}"
