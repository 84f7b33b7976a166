"""What is remembered of a branch or an environment: how it went the last time, and since when."""

from __future__ import annotations

import dataclasses
import hashlib

from slipway.model.fact import Fact
from slipway.model.news.note import NewsNote


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Place(Fact):
    """What news are about: a branch, a tag, or an environment.

    :param branch: its name, or the tag's; empty for an environment.
    :param environment: its name; empty for a branch.
    :param is_tag: the name is a tag's, whose commit nobody mends: it is told of once.
    """

    branch: str = ""
    environment: str = ""
    is_tag: bool = False

    @property
    def key(self) -> str:
        """A name for the store: a branch may be called anything."""
        if self.environment:
            return f"environment-{self.environment}"
        kind = "tag" if self.is_tag else "branch"
        return f"{kind}-{hashlib.sha256(self.branch.encode()).hexdigest()[:32]}"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Result(Fact):
    """How something went.

    :param passed: it is good.
    :param at: when, seconds since 1970.
    :param sha: the commit.
    :param version: of the same.
    :param position: how far along the delivered branch it is; None where that is not known.
    :param subject: a name of what went so, which counts once; empty where the commit is that.
    :param why: it failed.
    :param url: of the page that says more.
    """

    passed: bool
    at: float
    sha: str
    version: str
    position: int | None = None
    subject: str = ""
    why: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PlaceMemory(Fact):
    """All that is remembered of one place.

    :param place: a branch or an environment.
    :param last: what counted last; None where nothing has.
    :param good: what was good last.
    :param first_bad: what broke it; None where it is good.
    :param told_at: when people were last told that it is broken.
    :param seen: subjects that have counted.
    :param note: what the last change had people told: it is written with the memory, and left to
        the sender after that, by whoever comes by.
    """

    place: Place
    last: Result | None = None
    good: Result | None = None
    first_bad: Result | None = None
    told_at: float = 0.0
    seen: tuple[str, ...] = ()
    note: NewsNote | None = None
