"""A bare mirror of one repository, as a cache on this worker.

The mirror is only ever a cache: every method fetches what it lacks, so a task may land on a
worker that has never seen the repository.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from tarfile import TarFile
from typing import IO

from slipway.deliverable import Deliverable
from slipway.exceptions import (
    RefNotFound,
    RepositoryRefused,
    RepositoryTooLarge,
)
from slipway.hooks import git_history
from slipway.hooks.git_command import MOST_OUTPUT, GitOutputTooLarge, git_into
from slipway.hooks.git_commit import Commit, read_commit
from slipway.hooks.git_credentials import NOBODY, Credentials
from slipway.hooks.git_delivered import fetch_for
from slipway.hooks.git_refs import Found, Refs
from slipway.hooks.git_store import MirrorStore
from slipway.hooks.git_submodules import Tree
from slipway.hooks.git_workspace import add_history
from slipway.ref_name import is_ref_name

# Bytes of history that are worth carrying into every run, and the commits that go along where
# there are more and nobody said how many.
_LARGE, _SHALLOW = 200 << 20, 50
# Bytes of a commit's files, submodules included, and of one file that is read into memory.
MOST_FILES, MOST_FILE = 2 << 30, 16 << 20


class GitMirror:
    """One repository, as one reader sees it.

    :param url: https, http, ssh or git; other transports are refused, and so is a login in it.
    :param root: the folder that holds this worker's mirrors.
    :param credentials: who reads it.
    :param submodule: opens the repository of a submodule; without credentials where it is left out.
    :raises RepositoryRefused: when the URL is of another kind.
    """

    def __init__(
        self,
        *,
        url: str,
        root: Path,
        credentials: Credentials = NOBODY,
        submodule: Callable[[str], GitMirror] | None = None,
    ) -> None:
        self.url = url
        self._store = MirrorStore(url=url, root=root, credentials=credentials)
        self._public = not credentials.identity
        self._submodule = submodule or (lambda other: GitMirror(url=other, root=root))
        self._refs = Refs(self._store.local)

    @property
    def is_public(self) -> bool:
        """Whether it is read without credentials."""
        return self._public

    # Names

    def find(self, name: str, *, delivered: Deliverable | None = None) -> Found:
        """Find what a name means now, as :meth:`slipway.hooks.git_refs.Refs.resolve` says.

        :param name: a branch, a tag, a full ref, a sha, or the first digits of one.
        :param delivered: what counts. Somebody may have pushed what cannot be fetched; as long as
            none of these refs leads to it, it stops nobody.
        :raises RefNotFound: when the repository's branches and tags lead to no such thing.
        :raises RefAmbiguous: when the name means more than one thing.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        if is_ref_name(name):  # otherwise there is nothing to ask a server
            fetch_for(self._store, delivered)
        try:
            return self._refs.resolve(name)
        except RefNotFound as error:
            msg = f"{self.url}: {error.message}"
            raise RefNotFound(msg, advice=error.advice) from error

    @property
    def refs(self) -> Refs:
        """The branches and tags as they were at the last fetch."""
        return self._refs

    def head(self, branch: str) -> str | None:
        """Ask the server for a branch's newest commit, without fetching it.

        :param branch: the branch's name.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        if not is_ref_name(branch):
            return None
        ref = f"refs/heads/{branch}"
        return self._store.list_refs(ref).get(ref)

    # History

    def commits_since(self, old: str, new: str) -> list[str]:
        """List the commits after ``old`` up to ``new`` on the main line, oldest first.

        After a rewritten history, where ``old`` is no ancestor, that is ``new`` alone.
        """
        self._store.require(new)
        if not self._store.has(old) or not self._is_ancestor(old, new):
            return [new]
        return git_history.first_parents(self._store.local, f"{old}..{new}")[::-1]

    def line(self, branch: str) -> list[str]:
        """List a branch's commits as they are now, along their first parents, the newest first.

        :param branch: the branch's name.
        :raises RefNotFound: when there is no such branch.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        delivered = Deliverable(branch=branch)
        found = self.find(delivered.ref, delivered=delivered)
        return git_history.first_parents(self._store.local, found.sha)

    def position(self, sha: str, tip: str) -> int:
        """Tell how far along the first parents of ``tip`` a commit is, counting from 1.

        :param sha: the commit; of one beside that line it is the place where it left it.
        :param tip: the newest commit of the line.
        """
        return git_history.position_of(self._store.local, sha, tip)

    def precedes(self, older: str, newer: str) -> bool:
        """Tell whether a commit is among another's ancestors; one that is gone precedes nothing.

        Nothing is fetched beyond the two: what a stranger pushed beside them has no say in it.
        """
        try:
            for sha in (older, newer):
                self._store.require(sha)
        except RefNotFound:
            return False
        return older != newer and self._is_ancestor(older, newer)

    def commit(self, sha: str) -> Commit:
        """Read one commit.

        :param sha: in full, as :meth:`find` returns it.
        """
        self._store.require(sha)
        return read_commit(self._store.local, sha)

    def version(self, sha: str) -> str:
        """Name a commit so that names sort as the history does, ``1.4.0+42.g3f2a1b7``.

        :param sha: in full, as :meth:`find` returns it.
        """
        self._store.require(sha)
        return git_history.version_of(self._store.local, sha)

    # Files

    def archive(self, sha: str, *paths: str) -> IO[bytes]:
        """Pack the tree of a commit, or some paths of it, as a tar in a file without a name.

        Files carry the commit's time, so equal commits give equal bytes.

        :param sha: in full, as :meth:`find` returns it.
        :param paths: relative to the top; all, with the submodules, where none is given.
        :returns: the file, open at its beginning; it is gone when it is closed.
        :raises RepositoryRefused: when a path is not in the commit.
        :raises RepositoryTooLarge: when it goes over a limit, which is named.
        """
        self._store.require(sha)
        for path in paths:
            if self._type(sha, path) is None:
                msg = f"commit {sha[:7]} has no {path}"
                raise RepositoryRefused(msg, advice="correct the path in the project file")
        if not paths:
            return self._packed(sha)
        return self._written(lambda file: self._pack_paths(file, sha, paths))

    def workspace(self, sha: str, *, branch: str, depth: int = 0) -> IO[bytes]:
        """Pack the tree of a commit and its history, as a clone would have them.

        :param sha: in full, as :meth:`find` returns it.
        :param branch: the branch that is checked out.
        :param depth: commits of history; 0 is all, unless that is very large.
        :returns: as :meth:`archive`.
        """
        self._store.require(sha)
        if depth == 0 and self._size() > _LARGE:
            depth = _SHALLOW

        def history(tar: TarFile) -> None:
            add_history(tar, self._store.path, sha, url=self.url, branch=branch, depth=depth)

        return self._packed(sha, history)

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

    # What submodules are made of (slipway.hooks.git_submodules.Source)

    def pack(self, file: IO[bytes], sha: str, *, prefix: str, most: int) -> None:
        """Write a commit's own tree as a tar.

        :param prefix: before every path.
        :param most: bytes.
        :raises GitOutputTooLarge: when it is larger.
        """
        self._store.require(sha)
        archive = ("archive", "--format=tar", f"--prefix={prefix}", sha)
        git_into(file, *archive, cwd=self._store.path, most=most)

    def links(self, sha: str) -> dict[str, str]:
        """Map the path of each submodule to the commit that it is pinned to."""
        self._store.require(sha)
        try:
            listed = self._store.local("ls-tree", "-r", "-z", sha)
        except GitOutputTooLarge as error:
            msg = f"commit {sha[:7]} has more files than fit into a list of {MOST_OUTPUT >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="does a folder contain itself?") from error
        entries = listed.decode(errors="replace").split("\0")
        linked = (entry.split("\t", 1) for entry in entries if entry.startswith("160000 "))
        return {path: meta.split(" ")[2] for meta, path in linked}

    def submodule(self, url: str) -> GitMirror:
        """Open the repository of a submodule, with the credentials that are its own."""
        return self._submodule(url)

    # The mirror itself

    def _packed(self, sha: str, history: Callable[[TarFile], None] | None = None) -> IO[bytes]:
        tree = Tree(most=MOST_FILES, folder=self._store.root)
        return self._written(lambda file: tree.pack(file, self, sha, history))

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
        archive = ("archive", "--format=tar", sha, "--", *paths)
        try:
            git_into(file, *archive, cwd=self._store.path, most=MOST_OUTPUT)
        except GitOutputTooLarge as error:
            msg = f"{', '.join(paths)} of commit {sha[:7]} is larger than {MOST_OUTPUT >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="keep large files somewhere else") from error
        file.seek(0)

    def _size(self) -> int:
        """Return the bytes of everything that the mirror holds, packed."""
        counts = dict(
            line.split(": ")
            for line in self._store.local("count-objects", "-v").decode().splitlines()
        )
        return (int(counts["size-pack"]) + int(counts["size"])) * 1024

    def _type(self, sha: str, path: str) -> str | None:
        found = self._store.attempt("cat-file", "-t", f"{sha}:{path}")
        return found.decode().strip() if found else None

    def _is_ancestor(self, old: str, new: str) -> bool:
        return self._store.attempt("merge-base", "--is-ancestor", old, new) is not None
