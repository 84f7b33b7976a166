"""A server group as it is, beside what Slipway's last word on it was.

Names, ids and values may be anybody's text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Characters that a tag's value may have.
_LONGEST = 256
_BETWEEN = " / "


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What was on a group, besides Slipway's own, when it came into traffic.

    :param suspended: its suspended processes, without those that Slipway holds.
    :param balancers: what sends it requests besides the environment's own balancer, by name; where
        these are too long to be noted, one word that stands for all of them.
    """

    suspended: frozenset[str] = frozenset()
    balancers: frozenset[str] = frozenset()

    def to_tag(self) -> str:
        """Return it as the value of a tag."""
        suspended = " ".join(sorted(self.suspended))
        written = f"{suspended}{_BETWEEN}{' '.join(sorted(self.balancers))}"
        return written if len(written) <= _LONGEST else f"{suspended}{_BETWEEN}{_digest(self)}"

    @classmethod
    def from_tag(cls, value: str) -> Left | None:
        """Read what :meth:`to_tag` wrote; None of what was edited by hand."""
        # A tag's value may come back without the blanks at its ends.
        suspended, between, balancers = f" {value} ".partition(_BETWEEN)
        if not between:
            return None
        return cls(suspended=frozenset(suspended.split()), balancers=frozenset(balancers.split()))

    def like(self, noted: Left) -> Left:
        """Return it with its balancers in the form in which another's were noted."""
        if any(one.startswith("#") for one in noted.balancers):
            return Left(suspended=self.suspended, balancers=frozenset({_digest(self)}))
        return self


def _digest(left: Left) -> str:
    text = "\n".join(sorted(left.balancers))
    return f"#{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineSeen:
    """A machine of a group.

    :param id: the instance's.
    :param template: that it was made from; empty for one that was put into the group by hand.
    :param made_of: what EC2 says of it, by what that is: ``image``, ``security groups``.
    """

    id: str
    template: str
    made_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSeen:
    """A server group of Slipway's, as it is.

    :param name: the group's.
    :param live_since: when it came to serve alone, in seconds since 1970; 0 where nobody noted it.
    :param own_template: the launch template that Slipway made for it, with its version.
    :param template: the one that it launches from.
    :param made_of: what Slipway's template makes machines of, by what that is; None where it is
        gone.
    :param makes: the same of the one that it launches from.
    :param size: min, desired and max.
    :param asked: how many machines Slipway asked for last; None where nobody noted it.
    :param bounds: the least and the most that it asked for; None where nobody noted it.
    :param scales: by rules of its own, so that how many machines it wants is nobody's hand.
    :param scheduled: some of the rules set the least and the most as well.
    :param left: as it came into traffic; None where nobody noted it.
    :param now: the same as it is now.
    :param tagged: Slipway's tags of the release, as its template has them.
    :param tags: the same as the group has them.
    :param machines: that it has.
    """

    name: str
    live_since: int = 0
    own_template: str = ""
    template: str = ""
    made_of: Mapping[str, str] | None = field(default_factory=dict)
    makes: Mapping[str, str] | None = field(default_factory=dict)
    size: tuple[int, int, int] = (0, 0, 0)
    asked: int | None = None
    bounds: tuple[int, int] | None = None
    scales: bool = False
    scheduled: bool = False
    left: Left | None = None
    now: Left = field(default_factory=Left)
    tagged: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    machines: tuple[MachineSeen, ...] = ()


def words_of(values: Iterable[str]) -> str:
    """Say several values as one.

    :param values: in any order.
    """
    return ", ".join(sorted(values))
