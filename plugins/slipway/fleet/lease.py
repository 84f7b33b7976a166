"""The lease on an environment, as whoever changes something there takes it and gives it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from slipway.model.cloud.lease import LeaseRecord


class Lease(Protocol):
    """One change of an environment at a time.

    Each question raises :class:`~slipway.exceptions.CloudUnavailable` when the cloud does not
    answer.

    :param name: where it lies.
    :param owner: who asks.
    """

    name: str
    owner: str

    def holder(self) -> LeaseRecord | None:
        """Read who holds it; None when it is free."""

    def other_owner(self) -> LeaseRecord | None:
        """Return who else holds it and is not proven dead, if anybody."""

    def acquire(
        self,
        release: str = "",
        *,
        soaked: bool = False,
        plan: str = "",
        admit: Callable[[LeaseRecord | None], str] = ...,
    ) -> LeaseRecord:
        """Take it: when it is free, our own from an earlier task, or a dead owner's.

        :param release: the version that is brought in.
        :param soaked: its soak is over.
        :param plan: the approved plan that it is brought in by, if somebody was asked.
        :param admit: raises when the swap must not begin, or go on, after what is on record;
            returns the swap's name.
        :raises LeaseHeld: naming the owner, when that one lives, or was quicker.
        """

    def finish(self, release: str) -> None:
        """Note that a swap has come to its end, and free the lease when that was the last.

        :param release: the version that was brought in, or not.
        :raises LeaseHeld: when it is no longer ours.
        """

    def check(self) -> None:
        """Make sure that it is still ours. To be asked before each change.

        :raises LeaseHeld: when somebody else took over, or took it away.
        """

    def release(self) -> None:
        """Free it; when it is no longer ours, nothing happens."""
