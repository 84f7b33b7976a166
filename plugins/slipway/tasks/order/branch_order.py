"""Which of two commits came first, and whether a branch still has one."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.exceptions import SlipwayError
from slipway.hooks.git.connection import git_mirror
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
