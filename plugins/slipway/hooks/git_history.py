"""What the history of a mirror says of a commit: after what, how far along, which version.

Nothing here is put in order by a commit's time, which is whatever its committer's clock said.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Local = Callable[..., bytes]

# Version numbers of more digits are nobody's, and no package or tag could bear them.
_RELEASE_TAG = re.compile(r"v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


def release_number(tag: str) -> tuple[int, ...] | None:
    """Return the three parts of the number that a tag gives to a release; None where it is none.

    :param tag: its name, such as ``v1.4.0``.
    """
    match = _RELEASE_TAG.fullmatch(tag)
    return tuple(int(part) for part in match.groups()) if match else None


def version_of(local: Local, sha: str) -> str:
    """Name a commit so that names sort as the history does.

    The highest release tag among the ancestors (``v1.4.0``), the commits since, the sha:
    ``1.4.0+42.g3f2a1b7``; ``0.0.0`` stands in while there is no tag. A descendant never has
    a lower tag, and at the same tag it has more commits, so its version is higher.

    :param local: runs git in the mirror.
    :param sha: in full.
    """
    # At line ends alone: a ref's name may hold what Python takes for a space or a new line.
    tags = local("tag", "--merged", sha).decode(errors="surrogateescape").split("\n")
    releases = [(match, tag) for tag in tags if (match := _RELEASE_TAG.fullmatch(tag))]
    if not releases:
        number, span = "0.0.0", sha
    else:
        match, tag = max(releases, key=lambda release: [int(n) for n in release[0].groups()])
        number, span = ".".join(match.groups()), f"refs/tags/{tag}..{sha}"
    count = local("rev-list", "--count", span).decode().strip()
    return f"{number}+{count}.g{sha[:7]}"


def first_parents(local: Local, span: str) -> list[str]:
    """List a line of commits along their first parents, the newest first.

    :param local: runs git in the mirror.
    :param span: a commit, or ``old..new``.
    """
    return local("rev-list", "--first-parent", span).decode().split()


def position_of(local: Local, sha: str, tip: str) -> int:
    """Tell how far along a line a commit is, counting from 1.

    :param local: runs git in the mirror.
    :param sha: the commit; of one beside the line it is the place where it left it.
    :param tip: the line's newest commit.
    """
    along = ("rev-list", "--first-parent", "--count", tip)
    return int(local(*along)) - int(local(*along, f"^{sha}"))
