"""The version of a commit: the highest release tag before it, the commits since, its sha."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from slipway.hooks.git.history import Local

# Version numbers of more digits are nobody's, and no package or tag could bear them.
_RELEASE_TAG = re.compile(r"v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


def release_number(tag: str) -> tuple[int, ...] | None:
    """Return the three parts of the number that a tag gives to a release; None where it is none.

    :param tag: its name, such as ``v1.4.0``.
    """
    match = _RELEASE_TAG.fullmatch(tag)
    return tuple(int(part) for part in match.groups()) if match else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """What a commit is called.

    :param name: such as ``1.4.0+42.g3f2a1b7``.
    :param tag: the tag that gave the number; empty where there is none.
    :param others: further numbered tags among the commit's ancestors, the highest first.
    """

    name: str
    tag: str = ""
    others: tuple[str, ...] = ()

    @property
    def is_of_a_date(self) -> bool:
        """Whether its tag is a date, ``2024.11.26``, among tags that are none."""
        return _is_date(self.tag) and any(not _is_date(tag) for tag in self.others)


def version_of(local: Local, sha: str, numbered: Callable[[str], bool]) -> Version:
    """Name a commit so that names sort as the history does.

    The highest release tag among the ancestors (``v1.4.0``), the commits since, the sha:
    ``1.4.0+42.g3f2a1b7``; ``0.0.0`` stands in while there is no tag. A descendant never has
    a lower tag, and at the same tag it has more commits, so its version is higher.

    :param local: runs git in the mirror.
    :param sha: in full.
    :param numbered: tells of a tag whether it may give a number.
    """
    # At line ends alone: a ref's name may hold what Python takes for a space or a new line.
    tags = local("tag", "--merged", sha).decode(errors="surrogateescape").split("\n")
    found = [(parts, tag) for tag in tags if (parts := release_number(tag)) and numbered(tag)]
    # The first of two tags with one number is the one that was found first.
    releases = [tag for _, tag in sorted(found, key=lambda one: one[0], reverse=True)]
    match = _RELEASE_TAG.fullmatch(releases[0]) if releases else None
    number, span = "0.0.0", sha
    if match is not None:
        number, span = ".".join(match.groups()), f"refs/tags/{releases[0]}..{sha}"
    count = local("rev-list", "--count", span).decode().strip()
    return Version(
        name=f"{number}+{count}.g{sha[:7]}", tag="".join(releases[:1]), others=tuple(releases[1:])
    )


def _is_date(tag: str) -> bool:
    """Tell whether a tag's number is a year, a month, and a day or a count."""
    year, month, *_ = release_number(tag) or (0, 0)
    return 1990 <= year < 2200 and 1 <= month <= 12
