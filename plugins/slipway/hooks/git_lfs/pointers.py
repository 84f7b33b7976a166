"""Git LFS: files of which a commit holds no more than a pointer, to be found among its others.

A pointer is 130 bytes of text, and must never be taken for the file that it stands for.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from slipway.exceptions import LargeFilesElsewhere
from slipway.hooks.git.attributes import attribute_texts, paths_with
from slipway.hooks.git.blobs import blobs
from slipway.hooks.git.tree import Entry
from slipway.hooks.git_lfs.objects import Pointer
from slipway.model.text.inert import visible

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
    :raises RepositoryTooLarge: when its attributes take git too long.
    """
    if not _uses_lfs(mirror, entries):
        return {}
    files = (entry for entry in entries if entry.is_file)
    wanted = [entry for entry in files if not paths or _is_below(entry.path, paths)]
    pointers = _pointers(mirror, wanted)
    found = paths_with(mirror, sha, sorted(pointers), attribute="filter", value="lfs")
    return {path: _read(path, pointers[path]) for path in found}


def is_pointer(content: bytes) -> bool:
    """Tell whether a file is a pointer, where it lies in Git LFS at all.

    :param content: of the file, or so much of it that it could be no pointer.
    """
    return len(content) <= _LONGEST_POINTER and bool(_POINTER.match(content))


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
    return any(text is None or _FILTER in text for text in attribute_texts(mirror, entries))


def _pointers(mirror: Path, files: list[Entry]) -> dict[str, bytes]:
    read = blobs(mirror, files, _LONGEST_POINTER)
    found = {sha: text for sha, text in read if text is not None and _POINTER.match(text)}
    return {entry.path: found[entry.sha] for entry in files if entry.sha in found}
