"""For which pull requests a person is asked whether they may run."""

from __future__ import annotations

from enum import StrEnum

from slipway.model.event import Event, EventKind


class Asks(StrEnum):
    """For whose pull requests a person is asked, where they change what runs here."""

    FORKS = "forks"
    EVERYBODY = "everybody"
    NOBODY = "nobody"

    def about(self, event: Event) -> bool:
        """Tell whether somebody may have to say yes to what came of an event."""
        if event.kind is not EventKind.PULL_REQUEST or self is Asks.NOBODY:
            return False
        return event.fork or self is Asks.EVERYBODY
