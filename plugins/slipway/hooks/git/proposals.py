"""What strangers propose, in mirrors of their own.

A pull request's commits never lie where releases are looked for: a mirror of proposals is another
folder than the repository's own. Nor do they get a name in it: no ref here leads to them, so no
branch, tag or abbreviation means one of them.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from slipway.exceptions import (
    RefNotFound,
    RepositoryDamaged,
    RepositoryRefused,
    RepositoryUnreachable,
    RepositoryUnreadable,
    SlipwayError,
)
from slipway.hooks.git.command import GitCommandFailed, GitOutputTooLarge, git, git_into
from slipway.hooks.git.credentials import NOBODY, Credentials
from slipway.hooks.git.fallback_fetch import fetch_for
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.refs import is_sha
from slipway.hooks.git.store import MirrorStore
from slipway.model.event import HEADS
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.merge import Merge
from slipway.model.git.ref_name import is_ref_name
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
_Told = TypeVar("_Told")
# Below the folder of mirrors.
FOLDER = "proposals"
# Bytes of what is proposed, beyond the repository's own, that stay on a worker.
MOST_KEPT = 4 << 30
# Files in conflict that are kept, and bytes of their names.
_MOST_CONFLICTS, _MOST_NAMES = 50, 1 << 20
# Bytes of a difference that anybody reads.
_MOST_DIFFERENCE = 256 << 10
_MERGER = {
    f"GIT_{who}_{what}": said
    for who in ("AUTHOR", "COMMITTER")
    for what, said in (("NAME", "Slipway"), ("EMAIL", "slipway@localhost"))
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """Where a proposal's commit is had from.

    :param sha: the commit, in full.
    :param ref: that leads to it, in full.
    :param origin: URL of the fork that has the ref; empty for the repository itself.
    """

    sha: str
    ref: str
    origin: str = ""


class ProposalMirror(GitMirror):
    """A repository and what is proposed for it, as :class:`GitMirror` has one.

    :param root: the folder that holds this worker's mirrors of proposals.
    :param readers: for the URL of a fork: who may try to read it, one after another.
    """

    def __init__(
        self, *, root: Path, readers: Callable[[str], Sequence[Credentials]], **kwargs: Any
    ) -> None:
        super().__init__(root=root, **kwargs)
        # As it lies among those that are delivered from.
        self._repository = MirrorStore(
            url=self.url, root=root.parent, credentials=kwargs.get("credentials", NOBODY)
        )
        self._readers = readers

    def bring(self, proposed: Proposed) -> None:
        """Make sure that a proposal's commit is here.

        :param proposed: which, and where it is had from.
        :raises RefNotFound: when it is there no more.
        :raises RepositoryRefused: when the fork cannot be read, or it has no place.
        """
        if self._store.has(proposed.sha):
            return
        self._make_room()
        if not is_ref_name(proposed.ref):
            msg = f"{visible(proposed.ref)} cannot be a ref"
            raise RepositoryRefused(msg, advice="rename the branch that is proposed")
        if proposed.origin:
            self._of_fork(proposed.origin, lambda fork: fork.fetch_unnamed(proposed.ref))
        else:
            # A host may drop the ref, and still have the commit.
            with suppress(RepositoryRefused, RepositoryUnreadable):
                self._store.fetch_unnamed(proposed.ref)
        if self._store.has(proposed.sha):
            return
        if not proposed.origin:
            self._store.require(proposed.sha)
            return
        msg = f"{visible(proposed.origin)} has no commit {proposed.sha} on {visible(proposed.ref)}"
        raise RefNotFound(msg, advice="it has moved on since; its newest commit has its own run")

    def head_of_fork(self, origin: str, branch: str) -> str | None:
        """Ask a fork for a branch's newest commit; None where it has no such branch.

        :param origin: its URL.
        :param branch: the branch's name.
        :raises RepositoryRefused: when it cannot be read.
        """
        ref = f"{HEADS}{branch}"
        return self._of_fork(origin, lambda fork: fork.list_refs(ref, keep=ref.__eq__)).get(ref)

    def tip_of(self, ref: str) -> str | None:
        """Ask the repository what a ref of a pull request leads to; None where it is gone.

        :param ref: in full.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        if not is_ref_name(ref):
            return None
        return self._store.list_refs(ref, keep=ref.__eq__, options=()).get(ref)

    def bring_branch(self, branch: str) -> str:
        """Bring the branches and tags up to date, and return a branch's newest commit.

        :param branch: the branch's name.
        :raises RefNotFound: when there is no such branch.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        wanted = Deliverable(branch=branch)
        fetch_for(self._store, wanted)
        return self.refs.resolve(wanted.ref).sha

    def merge(self, target: str, head: str) -> Merge:
        """Merge a commit with a branch as git would; the same two give the same merge anywhere.

        :param target: the branch's newest commit.
        :param head: what is proposed.
        """
        for sha in (target, head):
            self._store.require(sha)
        if self._is_ancestor(target, head) or self._is_ancestor(head, target):
            return Merge(target=target, sha=head)
        tree, conflicts = self._merged_tree(target, head)
        if not tree:
            return Merge(target=target, conflicts=conflicts)
        seconds = max(self.commit(sha).committed_at for sha in (target, head))
        at = f"@{seconds} +0000"
        dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        words = ("-p", target, "-p", head, "-m", f"Merge {head} into {target}")
        made = git("commit-tree", tree, *words, cwd=self._store.path, environment=_MERGER | dates)
        return Merge(target=target, sha=made.decode().strip())

    def remake(self, merge: Merge, head: str) -> None:
        """Make sure that a merge, which another worker may have made, is here.

        :param merge: as it was made.
        :param head: what is proposed.
        :raises RepositoryDamaged: when this worker's git merges otherwise.
        """
        if not merge.sha or self._store.has(merge.sha):
            return
        if self.merge(merge.target, head).sha != merge.sha:
            msg = f"{head} and {merge.target} merge to something else here than {merge.sha}"
            raise RepositoryDamaged(msg, advice="have the same git on all workers, and run it anew")

    def changed(self, old: str, new: str, *paths: str) -> tuple[str, ...]:
        """List the files in which two commits differ.

        :param old: in full.
        :param new: in full.
        :param paths: files and folders to look at.
        """
        listed = self._difference("diff-tree", "-r", "--name-only", "-z", old, new, paths=paths)
        return tuple(filter(None, listed.decode(errors="replace").split("\0")))

    def difference(self, old: str, new: str, *paths: str) -> str:
        """Return how two commits differ, as a person reads it; empty where that is too long.

        :param old: in full.
        :param new: in full.
        :param paths: files and folders to look at.
        """
        how = ("--no-color", "--no-ext-diff", "--no-textconv")
        try:
            return self._difference("diff", *how, old, new, paths=paths).decode(errors="replace")
        except GitOutputTooLarge:
            return ""

    def _make_room(self) -> None:
        """Begin anew where strangers have filled the mirror with what nobody asks for any more."""
        size = self._store.size()
        if size > MOST_KEPT and size > MOST_KEPT + self._repository.size():
            _log.info("what was proposed for %s comes to %d MiB; begun anew", self.url, size >> 20)
            self._store.remove()

    def _of_fork(self, origin: str, ask: Callable[[MirrorStore], _Told]) -> _Told:
        """Ask a fork for something: without credentials, and then with those that there are."""
        refused: SlipwayError | None = None
        for reader in self._readers(origin):
            try:
                return ask(self._store.beside(origin, reader))
            except (RepositoryRefused, RepositoryUnreachable, RepositoryUnreadable) as error:
                # Whoever asks without a name for a private fork is told that there is none.
                refused = error
        msg = f"the fork cannot be read: {refused.message if refused else 'nobody may try'}"
        advice = "let its owner make it public, or the connection's user read it"
        raise (type(refused) if refused else RepositoryRefused)(msg, advice=advice) from refused

    def _merged_tree(self, target: str, head: str) -> tuple[str, tuple[str, ...]]:
        """Return the tree of a merge; where there is none, the files in conflict."""
        words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", target, head)
        with tempfile.TemporaryFile(dir=self._store.root) as file:
            try:
                git_into(file, *words, cwd=self._store.path, most=_MOST_NAMES)
                clean = True
            except GitOutputTooLarge:
                return "", ()
            except GitCommandFailed:
                clean = False
            file.seek(0)
            tree, *names = file.read().decode(errors="replace").split("\0")
        if clean and is_sha(tree):
            return tree, ()
        # Without a tree git could not even try: the two have no past in common.
        return "", tuple(dict.fromkeys(filter(None, names)))[:_MOST_CONFLICTS]

    def _difference(self, *words: str, paths: tuple[str, ...]) -> bytes:
        wanted = (f":(top,literal){path.rstrip('/')}" for path in paths)
        asked = (*words[:1], "--no-renames", *words[1:], "--", *wanted)
        return self._store.local(*asked, most=_MOST_DIFFERENCE)
