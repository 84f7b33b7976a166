"""A pull request, as its host tells of it: somebody's wish, and every word of it is theirs."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from slipway.model.fact import Fact
from slipway.model.forge.place import ForgeKind

# Where hosts keep what a pull request brings, in the repository that it wants to go to. Bitbucket
# Cloud keeps it nowhere.
_HEADS = {
    ForgeKind.BITBUCKET_SERVER: "refs/pull-requests/{}/from",
    ForgeKind.GITHUB: "refs/pull/{}/head",
    ForgeKind.GITLAB: "refs/merge-requests/{}/head",
    ForgeKind.GITEA: "refs/pull/{}/head",
}


class PullRequestState(StrEnum):
    """What has become of a pull request."""

    OPEN = "open"
    MERGED = "merged"
    DECLINED = "declined"
    CLOSED = "closed"
    """Without a merge, at hosts that know no other word for it."""
    GONE = "gone"
    """The host knows it no more."""

    def said_of(self, number: int) -> str:
        """Say it of a pull request, for people.

        :param number: the pull request's.
        """
        verb = "is" if self in (PullRequestState.OPEN, PullRequestState.GONE) else "was"
        return f"pull request {number} {verb} {self.value}"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest(Fact):
    """A pull request that is open.

    :param number: the host's, counting from 1.
    :param sha: its newest commit; Bitbucket Cloud names the first 12 digits alone.
    :param branch: the branch that it wants to go to.
    :param source: the branch that it comes from.
    :param fork: it comes from another repository, or nobody can tell from which.
    :param origin: URL of that repository where the host keeps its commits nowhere else; empty
        where it does, and where that repository is gone.
    :param title: in its author's words.
    :param author: as the host names them.
    :param draft: its author does not think it ready.
    """

    number: int
    sha: str
    branch: str
    source: str
    fork: bool
    origin: str = ""
    title: str = ""
    author: str = ""
    draft: bool = False


def head_ref(kind: ForgeKind, number: int) -> str:
    """Return the ref that has a pull request's newest commit; empty where the host keeps none.

    :param kind: of host.
    :param number: the pull request's.
    """
    return _HEADS.get(kind, "").format(number)
