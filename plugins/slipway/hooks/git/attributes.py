"""What a commit's ``.gitattributes`` say of its files, by git itself, and in bounded time.

Git matches each path with each pattern, and a pattern with several stars may take it as long as
whoever wrote it likes. So patterns are tried beforehand where they could be of that kind: what git
does with them later, packing the commit, has no limit of its own that fits large repositories.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from slipway.exceptions import RepositoryTooLarge
from slipway.hooks.git.blobs import blobs
from slipway.hooks.git.command import MOST_OUTPUT, GitTookTooLong, git
from slipway.hooks.git.tree import Entries, Entry

# Seconds; of a large repository with usual patterns it is one or two.
LIMIT = 60.0
_NAME = ".gitattributes"
# Bytes of a file of attributes that is read; what a larger one says is anybody's guess.
_MOST_READ = 64 << 10
# Stars with something in between, on one line.
_SEVERAL_STARS = re.compile(rb"\*[^*\n]+\*")
# Matches of a path with a pattern that take no time worth speaking of.
_FEW = 10_000_000
# Paths that are asked about at once.
_AT_ONCE = 20_000


def attribute_texts(mirror: Path, entries: Iterable[Entry]) -> list[bytes | None]:
    """Return what the files of attributes hold; None for one that is too large to be read.

    :param mirror: a bare repository that has the commit.
    :param entries: its tree.
    """
    files = [entry for entry in entries if entry.is_file and entry.path.rpartition("/")[2] == _NAME]
    return [content for _, content in blobs(mirror, files, _MOST_READ)]


def check_patterns(mirror: Path, sha: str, entries: Entries) -> None:
    """See that git matches a commit's paths with its patterns in a bearable time.

    :param mirror: a bare repository that has the commit.
    :param sha: in full.
    :param entries: all of its tree.
    :raises RepositoryTooLarge: when it does not.
    """
    texts = attribute_texts(mirror, entries)
    if not texts:
        return
    lines = sum(text.count(b"\n") + 1 if text is not None else _FEW for text in texts)
    stars = any(text is None or _SEVERAL_STARS.search(text) for text in texts)
    if stars or lines * sum(1 for _ in entries) > _FEW:
        for _ in _asked(mirror, sha, "text", (entry.path for entry in entries)):
            pass


def paths_with(
    mirror: Path, sha: str, paths: Iterable[str], *, attribute: str, value: str
) -> list[str]:
    """Return those of a commit's paths whose attribute has a value.

    :param mirror: a bare repository that has the commit.
    :param sha: in full.
    :param paths: from the tree's top.
    :param attribute: its name.
    :param value: that it must have.
    :raises RepositoryTooLarge: when git cannot tell in a bearable time.
    """
    found = []
    for answer in _asked(mirror, sha, attribute, paths):
        words = os.fsdecode(answer).split("\0")  # path, attribute, value, path, ...
        found += [
            path for path, said in zip(words[::3], words[2::3], strict=False) if said == value
        ]
    return found


def _asked(mirror: Path, sha: str, attribute: str, paths: Iterable[str]) -> Iterator[bytes]:
    """Ask git about many paths, some at a time."""
    until, waiting = time.monotonic() + LIMIT, iter(paths)
    some = list(islice(waiting, _AT_ONCE))
    if not some:
        return
    with _beside(mirror, sha) as folder:
        while some:
            try:
                yield git(
                    "check-attr",
                    "--cached",
                    "--stdin",
                    "-z",
                    attribute,
                    cwd=folder,
                    given=os.fsencode("\0".join(some)),
                    most=2 * MOST_OUTPUT,
                    limit=max(0.1, until - time.monotonic()),
                )
            except GitTookTooLong as error:
                msg = (
                    f"git needs more than {LIMIT:.0f} s to match the paths of commit {sha[:7]} "
                    f"with the patterns of its {_NAME}"
                )
                advice = "give each pattern there fewer stars, or name folders"
                raise RepositoryTooLarge(msg, advice=advice) from error
            some = list(islice(waiting, _AT_ONCE))


@contextmanager
def _beside(mirror: Path, sha: str) -> Iterator[Path]:
    """Make a repository beside the mirror, whose own attributes switch all filters off."""
    with tempfile.TemporaryDirectory(prefix="slipway-attributes-") as name:
        folder = Path(name)
        git("init", "--quiet", "--template=", "--", name)
        borrowed = folder / ".git" / "objects" / "info" / "alternates"
        borrowed.parent.mkdir(exist_ok=True)
        borrowed.write_text(f"{mirror / 'objects'}\n")
        git("read-tree", sha, cwd=folder)
        yield folder
