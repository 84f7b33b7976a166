"""Which commit a pull request has now, as its host says it."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.hooks.git.connection import proposal_mirror
from slipway.model.event import HEADS, Event
from slipway.model.git.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestTip:
    """Asks for the newest commit of a pull request, where it was had from; fetches nothing.

    :param repository: that the pull requests are for.
    """

    repository: Repository

    def __call__(self, event: Event) -> str | None:
        """Return the commit, in full; None where the ref is gone.

        :param event: the pull request's.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        mirror = proposal_mirror(self.repository.url, self.repository.connection)
        ref = event.head or event.ref
        if event.origin:
            return mirror.head_of_fork(event.origin, ref.removeprefix(HEADS))
        return mirror.tip_of(ref)
