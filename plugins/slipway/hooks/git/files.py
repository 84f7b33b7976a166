"""What a mirror gives of a commit's files: some, all, or all with the history."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tarfile import TarFile
from typing import IO

from slipway.exceptions import RepositoryRefused, RepositoryTooLarge
from slipway.hooks.git.attributes import check_patterns
from slipway.hooks.git.command import MOST_OUTPUT, GitOutputTooLarge, git_into
from slipway.hooks.git.store import MirrorStore
from slipway.hooks.git.submodules.sources import Source, Tree
from slipway.hooks.git.tar import copy_members, open_tar
from slipway.hooks.git.tree import Entries, entries_of
from slipway.hooks.git.workspace import Clone, add_history
from slipway.hooks.git_lfs.objects import LfsObjects, Pointer
from slipway.hooks.git_lfs.pointers import find_pointers, tell_of_pointers
from slipway.model.event import HEADS
from slipway.model.git.large_files import LargeFiles

# Commits that go along where there is more history than is worth carrying and nobody said how many.
_SHALLOW = 50
# Bytes of a commit's files, submodules included, and of one file that is read into memory.
MOST_FILES, MOST_FILE = 2 << 30, 16 << 20


class GitFiles:
    """The files of one repository's commits.

    :param store: its mirror.
    :param is_public: it is read without credentials.
    :param submodule: opens the repository of a submodule.
    :param large_files: what becomes of a commit that keeps files in Git LFS.
    """

    def __init__(
        self,
        *,
        store: MirrorStore,
        is_public: bool,
        submodule: Callable[[str], Source],
        large_files: LargeFiles,
    ) -> None:
        self._store = store
        self._public = is_public
        self._submodule = submodule
        self._large_files = large_files
        # sha -> path -> the file, of commits that keep files in Git LFS
        self._brought: dict[str, dict[str, Path]] = {}

    @property
    def url(self) -> str:
        """The repository's address."""
        return self._store.url

    @property
    def is_public(self) -> bool:
        """Whether it is read without credentials."""
        return self._public

    def archive(self, sha: str, *paths: str) -> IO[bytes]:
        """Pack the tree of a commit, or some paths of it, as a tar in a file without a name.

        Files carry the commit's time, so equal commits give equal bytes.

        :param sha: in full, as :meth:`find` returns it.
        :param paths: relative to the top; all, with the submodules, where none is given.
        :returns: the file, open at its beginning; it is gone when it is closed.
        :raises RepositoryRefused: when a path is not in the commit.
        :raises RepositoryTooLarge: when it goes over a limit, which is named.
        :raises RepositoryDamaged: when two things in it have one name.
        :raises LargeFilesElsewhere: when files of it lie in Git LFS and cannot be had.
        """
        self._store.require(sha)
        for path in paths:
            if self._type(sha, path) is None:
                msg = f"commit {sha[:7]} has no {path}"
                raise RepositoryRefused(msg, advice="correct the path in the project file")
        if not paths:
            return self._packed(sha)
        self._look(sha, paths)
        return self._written(lambda file: self._pack_paths(file, sha, paths))

    def workspace(self, sha: str, *, branch: str, main: str = "", depth: int = 0) -> IO[bytes]:
        """Pack the tree of a commit and its history, as a clone would have them.

        Submodules are repositories as well. Of a very large history there are the last commits.

        :param sha: in full, as :meth:`find` returns it.
        :param branch: the branch that is checked out.
        :param main: the branch that ``origin/HEAD`` is; the same where it is left out.
        :param depth: commits of history; 0 is all, unless that is very large.
        :returns: as :meth:`archive`.
        """
        self._store.require(sha)
        branches = self._branches(sha, branch, main)
        clone = Clone(
            url=self.url,
            branch=branch,
            branches=branches,
            depth=depth,
            main=main if main in branches else branch,
        )
        return self._packed(sha, clone)

    def read(self, sha: str, path: str) -> bytes | None:
        """Return one file of a commit, or None where there is no such file.

        :raises RepositoryTooLarge: when it is larger than anything that is read whole.
        """
        self._store.require(sha)
        if self._type(sha, path) != "blob":
            return None
        try:
            return self._store.local("cat-file", "blob", f"{sha}:{path}", most=MOST_FILE)
        except GitOutputTooLarge as error:
            msg = f"{path} of commit {sha[:7]} is larger than {MOST_FILE >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="make it smaller") from error

    def in_the_way(self, sha: str, path: str) -> str | None:
        """Return what a commit has at a path or in place of a folder above it, or None.

        :param sha: in full, as :meth:`find` returns it.
        :param path: relative to the top.
        """
        self._store.require(sha)
        parts = path.split("/")
        for above in ("/".join(parts[:count]) for count in range(1, len(parts))):
            kind = self._type(sha, above)
            if kind != "tree":
                return above if kind is not None else None
        return path if self._type(sha, path) is not None else None

    # What submodules are made of (slipway.hooks.git.submodules.sources.Source)

    def links(self, sha: str) -> dict[str, str]:
        """Look at a commit's tree: path of each submodule -> the commit that it is pinned to.

        :raises RepositoryTooLarge: when it is too long.
        :raises RepositoryDamaged: when two things in it have one name.
        :raises LargeFilesElsewhere: when files of it lie in Git LFS and cannot be had.
        """
        self._store.require(sha)
        entries = self._look(sha)
        return {entry.path: entry.sha for entry in entries if entry.is_submodule}

    def pack(self, file: IO[bytes], sha: str, *, prefix: str, most: int) -> None:
        """Write a commit's own tree as a tar.

        :param file: that is written to.
        :param sha: the commit, in full.
        :param prefix: before every path.
        :param most: bytes.
        :raises GitOutputTooLarge: when it is larger.
        """
        self._store.require(sha)
        self._archive(file, sha, prefix=prefix, most=most)

    def add_history(self, tar: TarFile, sha: str, clone: Clone, *, prefix: str, room: int) -> None:
        """Add a commit's history to a tar, or the last of it.

        :param tar: that it is added to.
        :param sha: the commit, in full.
        :param clone: what it shall look like.
        :param prefix: of the tree within the tar.
        :param room: bytes of history that are worth carrying.
        """
        if clone.depth == 0 and self._store.size() > room:
            # A submodule is looked at for its commit, seldom for its past.
            clone = replace(clone, depth=1 if prefix else _SHALLOW)
        clone = replace(clone, large_files=tuple(self._brought.get(sha, ())))
        add_history(tar, self._store.path, sha, clone, prefix=prefix)

    def submodule(self, url: str) -> Source:
        """Open the repository of a submodule, with the credentials that are its own."""
        return self._submodule(url)

    def _look(self, sha: str, paths: tuple[str, ...] = ()) -> Entries:
        """Look at a commit's tree before it is packed, and bring what lies in Git LFS."""
        entries = entries_of(self._store.local, sha)
        check_patterns(self._store.path, sha, entries)
        pointers = find_pointers(self._store.path, sha, entries, paths)
        objects = LfsObjects(self._store)
        objects.tidy()
        if self._large_files is LargeFiles.POINTERS:
            tell_of_pointers(sha, pointers)
        elif pointers:
            _check_size(pointers)
            self._brought[sha] = objects.fetch(pointers)
        return entries

    def _archive(self, file: IO[bytes], sha: str, *paths: str, most: int, prefix: str = "") -> None:
        """Write a tar of a commit's own files, with those that lie in Git LFS."""
        words = ("archive", "--format=tar", f"--prefix={prefix}", sha, "--", *paths)
        brought = self._brought.get(sha)
        if not brought:
            git_into(file, *words, cwd=self._store.path, most=most)
            return
        before = file.tell()
        with tempfile.TemporaryFile(dir=self._store.root) as plain, open_tar(file) as tar:
            git_into(plain, *words, cwd=self._store.path, most=most)
            plain.seek(0)
            copy_members(plain, tar, {f"{prefix}{path}": at for path, at in brought.items()})
        if file.tell() - before > most:
            msg = f"the files of {sha[:7]} come to more than {most} bytes"
            raise GitOutputTooLarge(msg)

    def _branches(self, sha: str, *names: str) -> Mapping[str, str]:
        """Map branches to their newest commits; one that is not here is at the commit itself."""
        known = self._store.refs()
        first = names[0]
        found = {name: known[f"{HEADS}{name}"] for name in names if f"{HEADS}{name}" in known}
        return found if first in found or not first else {**found, first: sha}

    def _packed(self, sha: str, clone: Clone | None = None) -> IO[bytes]:
        tree = Tree(most=MOST_FILES, folder=self._store.root)
        return self._written(partial(tree.pack, source=self, sha=sha, clone=clone))

    def _written(self, write: Callable[[IO[bytes]], None]) -> IO[bytes]:
        # Beside the mirrors, since the system's own folder for such files may be in memory.
        file = tempfile.TemporaryFile(dir=self._store.root)  # noqa: SIM115 - the caller closes it
        try:
            write(file)
        except BaseException:
            file.close()
            raise
        return file

    def _pack_paths(self, file: IO[bytes], sha: str, paths: tuple[str, ...]) -> None:
        try:
            self._archive(file, sha, *paths, most=MOST_OUTPUT)
        except GitOutputTooLarge as error:
            msg = f"{', '.join(paths)} of commit {sha[:7]} is larger than {MOST_OUTPUT >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="keep large files somewhere else") from error
        file.seek(0)

    def _type(self, sha: str, path: str) -> str | None:
        found = self._store.attempt("cat-file", "-t", f"{sha}:{path}")
        return found.decode().strip() if found else None


def _check_size(pointers: Mapping[str, Pointer]) -> None:
    """Ask for nothing that would not fit."""
    size = sum(pointer.size for pointer in pointers.values())
    if size > MOST_FILES:
        msg = f"the files in Git LFS come to {size >> 20} MiB, more than {MOST_FILES >> 20} MiB"
        raise RepositoryTooLarge(msg, advice="keep in the repository what is built and shipped")
