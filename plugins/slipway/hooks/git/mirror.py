"""A bare mirror of one repository, as a cache on this worker.

The mirror is only ever a cache: every method fetches what it lacks, so a task may land on a
worker that has never seen the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from slipway.exceptions import BranchNotFound, RefNotFound
from slipway.hooks.git import history
from slipway.hooks.git.command import GitCommandFailed
from slipway.hooks.git.commit import Commit, read_commit
from slipway.hooks.git.commit_version import Version, version_of
from slipway.hooks.git.credentials import NOBODY, Credentials
from slipway.hooks.git.fallback_fetch import fetch_for
from slipway.hooks.git.files import GitFiles
from slipway.hooks.git.refs import Found, Refs, branches_by_nearness
from slipway.hooks.git.store import MirrorStore
from slipway.model.event import HEADS
from slipway.model.git.deliverable import Deliverable, matches
from slipway.model.git.large_files import LargeFiles
from slipway.model.git.ref_name import is_ref_name


class GitMirror(GitFiles):
    """One repository, as one reader sees it.

    :param url: https, http, ssh or git; other transports are refused, and so is a login in it.
    :param root: the folder that holds this worker's mirrors.
    :param credentials: who reads it.
    :param submodule: opens the repository of a submodule; without credentials where it is left out.
    :param large_files: what becomes of a commit that keeps files in Git LFS.
    :raises RepositoryRefused: when the URL is of another kind.
    """

    def __init__(
        self,
        *,
        url: str,
        root: Path,
        credentials: Credentials = NOBODY,
        submodule: Callable[[str], GitMirror] | None = None,
        large_files: LargeFiles = LargeFiles.FETCH,
    ) -> None:
        super().__init__(
            store=MirrorStore(url=url, root=root, credentials=credentials),
            is_public=not credentials.identity,
            submodule=submodule
            or (lambda other: GitMirror(url=other, root=root, large_files=large_files)),
            large_files=large_files,
        )
        self._refs = Refs(self._store.local)

    # Names

    def find(self, name: str, *, delivered: Deliverable | None = None) -> Found:
        """Find what a name means now, as :meth:`slipway.hooks.git.refs.Refs.resolve` says.

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
        ref = f"{HEADS}{branch}"
        return self._store.list_refs(ref, keep=ref.__eq__).get(ref)

    def listed(self, keep: Callable[[str], bool], *, tags: bool) -> dict[str, str]:
        """Ask the server for its branches, without fetching anything.

        :param keep: says of a ref, in full, whether it is wanted.
        :param tags: list tags as well; an annotated one's commit under its name with ``^{}``.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        options = ("--heads", "--tags") if tags else ("--heads",)
        return self._store.list_refs(keep=keep, options=options)

    def tip(self, branch: str) -> str:
        """Ask the server for a branch's newest commit, as :meth:`head` does.

        :param branch: the branch's name.
        :raises BranchNotFound: when there is none, with the branches that there are.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        head = self.head(branch)
        if head is None:
            refs = self._store.list_refs()
            head = refs.get(f"{HEADS}{branch}")  # pushed just now
        if head is None:
            msg = f"{self.url} has no branch {branch!r}"
            others = branches_by_nearness(branch, refs)
            advice = f"push it, or name another one in the project file; {others}"
            raise BranchNotFound(msg, advice=advice)
        return head

    # History

    def commits_since(self, old: str, new: str, *, ref: str = "") -> list[str]:
        """List the commits after ``old`` up to ``new`` on the main line, oldest first.

        After a rewritten history, where ``old`` is no ancestor, that is ``new`` alone.

        :param old: a commit, in full.
        :param new: a commit, in full.
        :param ref: in full, which led to ``new`` a moment ago: it is fetched by itself, and the
            rest of the repository only where that does not bring ``new``.
        """
        self._store.require(new, ref=ref)
        if not self._is_ancestor(old, new):  # nor is what is not here
            return [new]
        return history.first_parents(self._store.local, f"{old}..{new}")[::-1]

    def commits_between(self, old: str, new: str, most: int) -> list[str]:
        """List what came with ``new`` after ``old``, merged branches too, the newest first.

        After a rewritten history, or where ``old`` is empty, that is ``new`` alone.

        :param old: a commit, in full; may be empty.
        :param new: a commit, in full.
        :param most: how many.
        """
        self._store.require(new)
        if not old or not self._store.has(old) or not self._is_ancestor(old, new):
            return [new]
        return history.reached(self._store.local, f"{old}..{new}", most)

    def only_in(self, sha: str, without: str, most: int) -> list[str]:
        """List the commits that one commit reaches and another does not, the newest first.

        :param sha: the one.
        :param without: the other, wherever it is.
        :param most: how many.
        """
        self._store.require(sha)
        self._store.require(without)
        return history.reached(self._store.local, f"{without}..{sha}", most)

    def people_between(self, old: str, new: str, most: int) -> list[str]:
        """List who wrote or committed what came with ``new`` and was not in ``old``.

        Where nothing is known of ``old`` that is ``new`` alone.

        :param old: a commit, in full; may be empty.
        :param new: a commit, in full.
        :param most: commits that are looked at, of the newest.
        """
        self._store.require(new)
        if not old or not self._store.has(old):
            return history.people_of(self._store.local, new, 1)
        return history.people_of(self._store.local, f"{old}..{new}", most)

    def line(self, branch: str) -> list[str]:
        """List a branch's commits as they are now, along their first parents, the newest first.

        :param branch: the branch's name.
        :raises RefNotFound: when there is no such branch.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        delivered = Deliverable(branch=branch)
        found = self.find(delivered.ref, delivered=delivered)
        return history.first_parents(self._store.local, found.sha)

    def position(self, sha: str, tip: str) -> int:
        """Tell how far along the first parents of ``tip`` a commit is, counting from 1.

        :param sha: the commit; of one beside that line it is the place where it left it.
        :param tip: the newest commit of the line.
        """
        return history.position_of(self._store.local, sha, tip)

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
        return self._at_hand(sha) or self._fetched(sha)

    def version(self, sha: str, tags: Sequence[str] = ()) -> Version:
        """Name a commit so that names sort as the history does, ``1.4.0+42.g3f2a1b7``.

        :param sha: in full, as :meth:`find` returns it.
        :param tags: patterns of the tags that number versions; all that look so by default.
        """
        self._store.require(sha)

        def numbered(tag: str) -> bool:
            return not tags or any(matches(pattern, tag) for pattern in tags)

        return version_of(self._store.local, sha, numbered)

    def count(self, sha: str) -> int:
        """Count a commit and all its ancestors.

        :param sha: in full, as :meth:`find` returns it.
        """
        self._store.require(sha)
        return history.commits_of(self._store.local, sha)

    def _at_hand(self, sha: str) -> Commit | None:
        """Read a commit without asking first whether it is here, which most are."""
        if not self._store.is_there():
            return None
        try:
            return read_commit(self._store.local, sha)
        except GitCommandFailed:
            return None

    def _fetched(self, sha: str) -> Commit:
        self._store.require(sha)
        return read_commit(self._store.local, sha)

    def _is_ancestor(self, old: str, new: str) -> bool:
        return self._store.attempt("merge-base", "--is-ancestor", old, new) is not None
