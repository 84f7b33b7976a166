"""What somebody changed by hand in the group that serves, since Slipway's last word on it.

The values are the cloud's, and so anybody's text.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.fact import Fact


@dataclass(frozen=True, kw_only=True, slots=True)
class HandChange(Fact):
    """One thing that differs.

    :param what: it is.
    :param was: as Slipway left it; empty for nothing.
    :param now: as it is; empty for nothing.
    """

    what: str
    was: str
    now: str

    @property
    def words(self) -> str:
        """Say it in one line."""
        return f"{self.what}: {self.was or 'none'} -> {self.now or 'none'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHand(Fact):
    """All that differs in one server group.

    :param group: its name.
    :param since: when it came to serve, in seconds since 1970; 0 where nobody noted it.
    :param changes: what differs; one at least.
    """

    group: str
    since: int
    changes: tuple[HandChange, ...]
