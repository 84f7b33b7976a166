"""Which branches and tags may become releases, as the project file names them.

Names are matched whole, with globs whose time grows with the length of pattern and name alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from slipway.model.event import HEADS, TAGS

_TOKENS = re.compile(r"\*\*|.", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deliverable:
    """The refs whose commits may become releases.

    :param branch: the delivered branch.
    :param branches: patterns of further branches.
    :param tags: patterns of tags.
    """

    branch: str
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """The delivered branch's ref, in full."""
        return f"{HEADS}{self.branch}"

    def allows(self, ref: str) -> bool:
        """Tell whether the commits of a ref, given in full, may become releases."""
        if ref.startswith(HEADS):
            name = ref.removeprefix(HEADS)
            return name == self.branch or any(matches(glob, name) for glob in self.branches)
        return ref.startswith(TAGS) and any(
            matches(glob, ref.removeprefix(TAGS)) for glob in self.tags
        )

    def among(self, refs: Iterable[str]) -> list[str]:
        """Return those of the refs that it allows: the delivered branch, branches, tags."""
        return sorted(
            (ref for ref in refs if self.allows(ref)),
            key=lambda ref: (ref != self.ref, ref.startswith(TAGS), ref),
        )

    def __str__(self) -> str:
        """Name them as a person reads them."""
        branches = [f"branch {name}" for name in (self.branch, *self.branches)]
        return ", ".join([*branches, *(f"tag {name}" for name in self.tags)])


def matches(pattern: str, name: str) -> bool:
    """Tell whether a glob matches a whole name.

    ``*`` is anything but ``/``, ``**`` anything at all, ``?`` one character but ``/``. All places
    of the pattern that a beginning of the name can lead to are followed at once, so there is
    nothing to go back to.

    :param pattern: the glob.
    :param name: the name.
    """
    tokens = _TOKENS.findall(pattern)
    places = _skipping({0}, tokens)
    for character in name:
        places = _skipping(_after(character, places, tokens), tokens)
    return len(tokens) in places


def _after(character: str, places: set[int], tokens: list[str]) -> set[int]:
    reached = set()
    for place in places:
        part = tokens[place] if place < len(tokens) else ""
        if part == "**" or (part == "*" and character != "/"):
            reached.add(place)
        elif part == character or (part == "?" and character != "/"):
            reached.add(place + 1)
    return reached


def _skipping(places: set[int], tokens: list[str]) -> set[int]:
    """Add the places behind stars, which may stand for nothing."""
    found = set(places)
    for place in sorted(places):
        following = place
        while following < len(tokens) and tokens[following] in ("*", "**"):
            following += 1
            found.add(following)
    return found
