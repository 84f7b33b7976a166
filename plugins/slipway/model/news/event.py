"""What there is to tell of a project."""

from __future__ import annotations

from enum import StrEnum


class NewsEvent(StrEnum):
    """The kinds of news; by these names a project file says what goes where."""

    BROKE = "broke"
    STILL_BROKEN = "still_broken"
    FIXED = "fixed"
    DEPLOYED = "deployed"
    # A release did not prove itself; what becomes of it comes after.
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    APPROVAL_WANTED = "approval_wanted"
    HOOKS_STOPPED = "hooks_stopped"
    # What `fab news` sends; no project file names it.
    TEST = "test"

    @property
    def is_of_commits(self) -> bool:
        """Whether the authors of the commits in the range are told."""
        return self not in _NOBODYS


_NOBODYS = frozenset({NewsEvent.APPROVAL_WANTED, NewsEvent.HOOKS_STOPPED, NewsEvent.TEST})
# What a project file may name.
TELLABLE = tuple(one for one in NewsEvent if one is not NewsEvent.TEST)
