"""Submodules: the part of a commit's tree that lives in other repositories."""

from __future__ import annotations

import logging
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from slipway.exceptions import (
    InputError,
    LargeFilesElsewhere,
    RefNotFound,
    RepositoryDamaged,
    RepositoryRefused,
    RepositoryTooLarge,
)
from slipway.hooks.git.command import GitOutputTooLarge
from slipway.hooks.git.submodules.modules_file import Submodule, absolute_url, read_gitmodules
from slipway.hooks.git.tar import copy_members, open_tar
from slipway.hooks.git.workspace import Clone
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
# Submodules of submodules, and all of a commit's together: more than anybody has on purpose.
DEEPEST = 8
MOST_SUBMODULES = 200
# Bytes of history that are worth carrying into every run: the commit's own, and that of all its
# submodules together.
LARGE = 200 << 20
# Paths that an error names.
_MOST_NAMED = 10


class Source(Protocol):
    """What a repository gives of a commit."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def is_public(self) -> bool:
        """Whether it is read without credentials."""

    def pack(self, file: IO[bytes], sha: str, *, prefix: str, most: int) -> None:
        """Write a commit's own tree as a tar."""

    def links(self, sha: str) -> dict[str, str]:
        """Look at the tree, and map each submodule's path to the commit that it is pinned to."""

    def add_history(
        self, tar: tarfile.TarFile, sha: str, clone: Clone, *, prefix: str, room: int
    ) -> None:
        """Add a commit's history to a tar, or the last of it where there is no room."""

    def read(self, sha: str, path: str) -> bytes | None:
        """Return a file of a commit."""

    def submodule(self, url: str) -> Source:
        """Open the repository of a submodule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where one repository's commit stands in the whole tree.

    :param prefix: before its paths; empty for the top.
    :param depth: how many repositories it is in.
    """

    source: Source
    sha: str
    prefix: str = ""
    depth: int = 0


class Tree:
    """The tree of one commit with those of its submodules, packed within limits.

    A commit says what its submodules are, and theirs what theirs are; one that points at the past
    of its own repository twice doubles with every level. So what is counted is the whole.

    :param most: bytes of the whole tree, packed.
    :param folder: for files that are in between.
    """

    def __init__(self, *, most: int, folder: Path) -> None:
        self._most = self._left = most
        self._room = LARGE
        self._folder = folder
        self._submodules = 0

    def pack(self, file: IO[bytes], source: Source, sha: str, clone: Clone | None = None) -> None:
        """Write the whole tree as a tar.

        What git writes of the commit itself comes last: it has an archive's end, and is never
        read again, so that not even a list of its files is in memory.

        :param file: empty, open for reading and writing; it is at its beginning afterwards.
        :param source: the repository.
        :param sha: the commit.
        :param clone: what its history shall look like; None for none, here and in submodules.
        :raises RepositoryTooLarge: when it goes over a limit, which is named.
        :raises RepositoryRefused: when a submodule cannot be read.
        """
        top = _Place(source=source, sha=sha)
        links = source.links(sha)
        tar = open_tar(file)  # closing it would end the tar
        self._graft(tar, top, links, clone)
        self._add(file, top)
        file.seek(0)

    def _graft(
        self, tar: tarfile.TarFile, place: _Place, links: Mapping[str, str], clone: Clone | None
    ) -> None:
        """Add what belongs to a tree besides its own files: its history, and its submodules."""
        modules = _modules(place, links)
        if clone is not None:
            urls = {module.name: module.url for module in modules.values()}
            self._add_history(tar, place, replace(clone, submodules=urls))
        for path in sorted(modules):
            pinned = links[path]
            other = _opened(place.source, modules[path].url, path)
            below = _Place(
                source=other, sha=pinned, prefix=f"{place.prefix}{path}/", depth=place.depth + 1
            )
            self._count(below)
            with _of_submodule(path, other), tempfile.TemporaryFile(dir=self._folder) as part:
                inner = other.links(pinned)
                self._add(part, below)
                part.seek(0)
                copy_members(part, tar)
            its_own = Clone(url=other.url, depth=clone.depth) if clone is not None else None
            self._graft(tar, below, inner, its_own)

    def _add_history(self, tar: tarfile.TarFile, place: _Place, clone: Clone) -> None:
        room = self._room if place.prefix else LARGE
        before = tar.offset
        place.source.add_history(tar, place.sha, clone, prefix=place.prefix, room=room)
        if place.prefix:
            self._room = max(0, self._room - (tar.offset - before))
            self._left -= tar.offset - before

    def _count(self, place: _Place) -> None:
        path = visible(place.prefix.rstrip("/"))
        if place.depth > DEEPEST:
            msg = f"{path} is a submodule in more than {DEEPEST} others"
            raise RepositoryTooLarge(msg, advice="include what is needed from further up")
        self._submodules += 1
        if self._submodules > MOST_SUBMODULES:
            msg = f"{path} is one submodule more than the {MOST_SUBMODULES} that a commit may have"
            advice = "does a submodule include itself? put what several need into one place"
            raise RepositoryTooLarge(msg, advice=advice)

    def _add(self, file: IO[bytes], place: _Place) -> None:
        before = file.tell()
        try:
            most = max(0, self._left)
            place.source.pack(file, place.sha, prefix=place.prefix, most=most)
        except GitOutputTooLarge as error:
            msg = f"the files of the commit come to more than {self._most >> 20} MiB"
            if place.prefix:
                msg += f", with the submodule {visible(place.prefix.rstrip('/'))}"
            raise RepositoryTooLarge(msg, advice="keep large files somewhere else") from error
        self._left -= file.tell() - before


def _modules(place: _Place, links: Mapping[str, str]) -> dict[str, Submodule]:
    """Map each submodule's path to its name and its whole URL, where ``.gitmodules`` names it.

    :raises RepositoryRefused: when a URL cannot be resolved.
    """
    if not links:
        return {}
    named = read_gitmodules(place.source.read(place.sha, ".gitmodules") or b"")
    if missing := sorted(links.keys() - named.keys()):
        some = ", ".join(visible(path) for path in missing[:_MOST_NAMED])
        _log.warning(
            "these folders of %s are empty: .gitmodules does not say where their commits are: %s; "
            "add them with `git submodule add`, or remove them",
            place.sha[:7],
            some,
        )
    found = {}
    for path in links.keys() & named.keys():
        try:
            url = absolute_url(named[path].url, place.source.url)
        except RepositoryRefused as error:
            raise _in_submodule(path, error, error.advice) from error
        found[path] = replace(named[path], url=url)
    return found


def _opened(source: Source, url: str, path: str) -> Source:
    try:
        return source.submodule(url)
    except RepositoryRefused as error:
        raise _in_submodule(path, error, error.advice) from error


@contextmanager
def _of_submodule(path: str, source: Source) -> Iterator[None]:
    """Say in which submodule something is wrong, and how it could be read."""
    try:
        yield
    except (RefNotFound, RepositoryRefused) as error:
        advice = error.advice
        if source.is_public:
            advice = (
                "it is read without credentials; if it needs some, name its URL, or a beginning of "
                "it, and a connection under `submodules` of the project file's `repository`"
            )
        raise _in_submodule(path, error, advice) from error
    except (LargeFilesElsewhere, RepositoryDamaged) as error:
        raise _in_submodule(path, error, error.advice) from error


def _in_submodule(path: str, error: InputError, advice: str) -> InputError:
    return type(error)(f"submodule {visible(path)}: {error.message}", advice=advice)
