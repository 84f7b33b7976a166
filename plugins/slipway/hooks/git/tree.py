"""What is in a commit's tree, looked at before any of it is unpacked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from slipway.exceptions import RepositoryDamaged, RepositoryTooLarge
from slipway.hooks.git.command import MOST_OUTPUT, GitOutputTooLarge
from slipway.model.text.inert import visible

_LINE = re.compile(rb"([0-7]{6}) [a-z]+ ([0-9a-f]+)\t([^\0]*)\0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One path of a tree.

    :param mode: as git writes it: 100644, 100755, 120000, 040000 or 160000.
    :param sha: the object.
    :param path: from the top; what is not UTF-8 is as :func:`os.fsdecode` gives it.
    """

    mode: str
    sha: str
    path: str

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no link, folder or submodule."""
        return self.mode.startswith("100")

    @property
    def is_submodule(self) -> bool:
        """Whether it is a commit of another repository."""
        return self.mode == "160000"


class Entries:
    """All of a tree, as often as it is asked for; in memory there is only what git printed.

    :param listed: by git-ls-tree(1), apart by zero bytes.
    """

    def __init__(self, listed: bytes) -> None:
        self._listed = listed

    def __iter__(self) -> Iterator[Entry]:
        """Yield what is in it, folders before what they hold."""
        for line in _LINE.finditer(self._listed):
            mode, sha, path = line.groups()
            yield Entry(mode=mode.decode(), sha=sha.decode(), path=os.fsdecode(path))


def entries_of(local: Callable[..., bytes], sha: str) -> Entries:
    """List all of a commit's tree.

    :param local: runs git in the mirror.
    :param sha: in full.
    :raises RepositoryTooLarge: when it is too long.
    :raises RepositoryDamaged: when two things in it have one name: whoever unpacks a link and a
        folder of one name writes to wherever the link leads.
    """
    try:
        listed = local("ls-tree", "-r", "-t", "-z", sha)
    except GitOutputTooLarge as error:
        msg = f"commit {sha[:7]} has more files than fit into a list of {MOST_OUTPUT >> 20} MiB"
        raise RepositoryTooLarge(msg, advice="does a folder contain itself?") from error
    if twice := _twice(line[3] for line in _LINE.finditer(listed)):
        name = visible(os.fsdecode(twice))
        msg = f"commit {sha[:7]} has {name} twice, so nobody can tell what it holds"
        advice = "commit the folder anew; `git fsck` names the tree under duplicateEntries"
        raise RepositoryDamaged(msg, advice=advice)
    return Entries(listed)


def _twice(paths: Iterable[bytes]) -> bytes | None:
    seen: set[bytes] = set()
    for path in paths:
        if path in seen:
            return path
        seen.add(path)
    return None
