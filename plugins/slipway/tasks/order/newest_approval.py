"""Of the commits that wait for a yes to one environment, the newest is asked about."""

from __future__ import annotations

from slipway.hooks.store.approvals import ApprovalBook, Proposal
from slipway.tasks.order.branch_order import BranchOrder


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
