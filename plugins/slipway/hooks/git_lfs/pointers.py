"""Git LFS: files of which a commit holds no more than a pointer, to be found among its others.

A pointer is 130 bytes of text, and must never be taken for the file that it stands for.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from slipway.exceptions import LargeFilesElsewhere
from slipway.hooks.git.command import git
from slipway.hooks.git.tree import Entry
from slipway.hooks.git_lfs.objects import Pointer
from slipway.model.inert import visible

_log = logging.getLogger(__name__)
# The beginning of a pointer, under today's name and the two of its first years (docs/spec.md of
# git-lfs), and the most bytes that one has.
_POINTER = re.compile(
    rb"\s*version (?:https://git-lfs\.github\.com/spec/|https://hawser\.github\.com/spec/|"
    rb"http://git-media\.io/v/)"
)
_LONGEST_POINTER = 1024
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})\r?$", re.MULTILINE)
_SIZE = re.compile(rb"^size ([0-9]{1,15})\r?$", re.MULTILINE)
_EXTENSION = re.compile(rb"^ext-", re.MULTILINE)
# gitattributes(5): a macro names the filter in this way as well.
_FILTER = b"filter=lfs"
_ATTRIBUTES = ".gitattributes"
# Bytes of a file of attributes that is read; a larger one may well name the filter.
_MOST_ATTRIBUTES = 64 << 10
# Blobs, and bytes of them, that are read at once.
_AT_ONCE, _MOST_AT_ONCE = 10_000, 32 << 20
# Paths that a message names.
_MOST_NAMED = 5


def find_pointers(
    mirror: Path, sha: str, entries: Iterable[Entry], paths: tuple[str, ...] = ()
) -> dict[str, Pointer]:
    """Find the files of a commit that lie in Git LFS: path -> its pointer.

    :param mirror: a bare repository that has the commit.
    :param sha: in full.
    :param entries: all of its tree, which is gone through twice.
    :param paths: folders and files that matter; all where none is given.
    :raises LargeFilesElsewhere: when a pointer says what nobody can fetch.
    """
    if not _uses_lfs(mirror, entries):
        return {}
    files = (entry for entry in entries if entry.is_file)
    wanted = [entry for entry in files if not paths or _is_below(entry.path, paths)]
    pointers = _pointers(mirror, wanted)
    found = _under_filter(mirror, sha, sorted(pointers))
    return {path: _read(path, pointers[path]) for path in found}


def tell_of_pointers(sha: str, pointers: Mapping[str, Pointer]) -> None:
    """Say which files stay pointers, since the project wants them so.

    :param sha: the commit.
    :param pointers: as :func:`find_pointers` found them.
    """
    if pointers:
        some = ", ".join(visible(path) for path in sorted(pointers)[:_MOST_NAMED])
        more = f" and {len(pointers) - _MOST_NAMED} more" if len(pointers) > _MOST_NAMED else ""
        _log.warning("files of %s stay pointers of Git LFS: %s%s", sha[:7], some, more)


def _read(path: str, content: bytes) -> Pointer:
    oid, size = _OID.search(content), _SIZE.search(content)
    if oid is None or size is None or _EXTENSION.search(content):
        msg = f"{visible(path)} lies in Git LFS, by a pointer of a kind that is not known"
        raise LargeFilesElsewhere(msg, advice="add the file anew with a current git-lfs")
    return Pointer(oid=oid[1].decode(), size=int(size[1]))


def _is_below(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place.rstrip('/')}/") for place in places)


def _uses_lfs(mirror: Path, entries: Iterable[Entry]) -> bool:
    attributes = [
        entry for entry in entries
        if entry.is_file and entry.path.rpartition("/")[2] == _ATTRIBUTES
    ]  # fmt: skip
    read = _blobs(mirror, attributes, _MOST_ATTRIBUTES)
    return any(content is None or _FILTER in content for _, content in read)


def _pointers(mirror: Path, files: list[Entry]) -> dict[str, bytes]:
    read = _blobs(mirror, files, _LONGEST_POINTER)
    found = {sha: text for sha, text in read if text is not None and _POINTER.match(text)}
    return {entry.path: found[entry.sha] for entry in files if entry.sha in found}


def _under_filter(mirror: Path, sha: str, paths: list[str]) -> list[str]:
    """Return those of the paths whose filter is LFS.

    In a repository beside the mirror, since the mirror's own attributes switch all filters off.
    """
    if not paths:
        return []
    with tempfile.TemporaryDirectory(prefix="slipway-attributes-") as folder:
        git("init", "--quiet", "--template=", "--", folder)
        borrowed = Path(folder) / ".git" / "objects" / "info" / "alternates"
        borrowed.parent.mkdir(exist_ok=True)
        borrowed.write_text(f"{mirror / 'objects'}\n")
        git("read-tree", sha, cwd=Path(folder))
        answer = git(
            "check-attr", "--cached", "--stdin", "-z", "filter", cwd=Path(folder),
            given=os.fsencode("\0".join(paths)),
        )  # fmt: skip
    words = os.fsdecode(answer).split("\0")  # path, attribute, value, path, ...
    return [path for path, value in zip(words[::3], words[2::3], strict=False) if value == "lfs"]


def _blobs(mirror: Path, entries: list[Entry], most: int) -> Iterator[tuple[str, bytes | None]]:
    """Yield each blob's content, once; None where it has more than so many bytes."""
    shas = sorted({entry.sha for entry in entries})
    step = min(_AT_ONCE, _MOST_AT_ONCE // most)
    for start in range(0, len(shas), step):
        asked = "\n".join(shas[start : start + step]).encode()
        sizes = git("cat-file", "--batch-check", "--buffer", cwd=mirror, given=asked)
        told = [line.split(" ") for line in sizes.decode().splitlines()]
        yield from ((line[0], None) for line in told if int(line[2]) > most)
        yield from _contents(mirror, [line[0] for line in told if int(line[2]) <= most])


def _contents(mirror: Path, shas: list[str]) -> Iterator[tuple[str, bytes]]:
    answer = git("cat-file", "--batch", "--buffer", cwd=mirror, given="\n".join(shas).encode())
    place = 0
    while place < len(answer):
        end = answer.index(b"\n", place)
        sha, _, size = answer[place:end].decode().split(" ")
        yield sha, answer[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)
