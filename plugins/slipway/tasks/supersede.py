"""Of the commits that wait to be deployed to one environment, the newest counts."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.exceptions import SlipwayError
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.approvals import ApprovalBook, Proposal
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.repository import Repository


@dataclass(frozen=True, kw_only=True)
class BranchOrder:
    """The order of a repository's commits: by ancestry, never by a clock.

    :param repository: that the commits are in.
    :param delivered: the branches and tags whose commits count.
    """

    repository: Repository
    delivered: Deliverable

    def precedes(self, older: str, newer: str) -> bool:
        """Tell whether one commit came before another.

        :param older: a sha.
        :param newer: a sha.
        """
        return git_mirror(self.repository.url, self.repository.connection).precedes(older, newer)

    def has(self, sha: str) -> bool:
        """Tell whether what is delivered still reaches a commit; a force-push may have dropped it.

        As long as nobody can say, it counts.

        :param sha: the commit's.
        """
        mirror = git_mirror(self.repository.url, self.repository.connection)
        try:
            mirror.find(self.delivered.ref, delivered=self.delivered)
            return bool(self.delivered.among(mirror.refs.containing(sha)))
        except SlipwayError:
            return True


def superseded_by(book: ApprovalBook, proposal: Proposal) -> str | None:
    """Return the version that is asked about in place of a commit's, if there is one.

    :param book: of the environment.
    :param proposal: the commit's.
    """
    latest = book.latest()
    return None if latest is None or latest.name == proposal.name else latest.release.version


def supersede(
    book: ApprovalBook, proposal: Proposal, serving: tuple[str, str] | None, order: BranchOrder
) -> str | None:
    """Put a commit's proposal in place of what was asked about before, unless it came before that.

    A commit that a force-push dropped has no say any more.

    :param book: of the environment.
    :param proposal: the commit's.
    :param serving: version and sha of what serves, where that is a known release.
    :param order: of the repository.
    :returns: the version of the commit that came after this one; None when this is the newest.
    """
    latest = book.latest()
    others = [(latest.release.version, latest.release.sha)] if latest else []
    for version, sha in [*others, *([serving] if serving else [])]:
        if order.precedes(proposal.release.sha, sha) and order.has(sha):
            return version
    book.supersede(proposal)
    return None
