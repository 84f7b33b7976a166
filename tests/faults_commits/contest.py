"""How each push becomes known: by poll, by hook, or by both at the same moment.

A hook that is posted at once is long done when the poll's run would be made, and nothing is tried.
So most pushes have their hooks held back: to somewhere on the poll's way, as long as it usually
takes, or to the moment at which the poll has handed its finds on and their runs are being made.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from tests.faults_commits.airflow import PATIENCE
from tests.faults_commits.records import Key, Run

# Announcements of one commit.
_MOST = 5
# Seconds: the poll's way from a push to a run as long as none was seen, and the longest that is
# taken for its usual one.
_USUAL, _LONGEST = 6.0 * PATIENCE, 12.0 * PATIENCE
# Parts of that way: after which hooks wait for the poll no longer, at least and at most; in which
# the first of them comes then; and over which the others are spread.
_EARLIEST, _LATEST, _THEN, _SPREAD = 0.5, 3.0, 0.3, 0.3
# Commits whose ways the usual one is taken from.
_REMEMBERED = 60


class Way(Enum):
    """How a push becomes known."""

    FIRST = "the first of each project"
    POLL = "poll alone"
    HOOK = "hook alone"
    AT_ONCE = "hook at once, poll besides"
    RACE = "hook at the poll's moment"


# Of each hundred pushes to a repository that is polled.
_SHARES = {Way.POLL: 25, Way.AT_ONCE: 15, Way.RACE: 60}


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """Commits that came to a repository together.

    :param project: whose.
    :param shas: oldest first.
    :param way: how they become known.
    :param at: when, in seconds since 1970.
    """

    project: str
    shas: tuple[str, ...]
    way: Way
    at: float

    @property
    def keys(self) -> set[Key]:
        """The runs that are to come of it, with their project."""
        return {(self.project, run_of(sha)) for sha in self.shas}


def choose(chance: random.Random, *, is_polled: bool) -> Way:
    """Choose how a push becomes known."""
    if not is_polled:
        return Way.HOOK
    return chance.choices(list(_SHARES), weights=list(_SHARES.values()))[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """An announcement of a push, to be posted.

    :param push: what it tells of.
    :param until: seconds since 1970 until which the poll is waited for.
    :param then: seconds to wait after that.
    """

    push: Push
    until: float
    then: float


class Pace:
    """How long the poll takes from a push to its run, as seen where it had no rival."""

    def __init__(self) -> None:
        self.usual = _USUAL

    def learn(self, pushes: Iterable[Push], runs: Mapping[Key, Run]) -> None:
        """Look at what has become of pushes, of which the newest count."""
        took = [
            run.at - push.at
            for push in pushes
            if push.way is Way.POLL
            for sha in push.shas
            if (run := runs.get((push.project, run_of(sha))))
        ]
        if took:
            self.usual = min(statistics.median(took[-_REMEMBERED:]), _LONGEST)

    def hooks(self, push: Push, chance: random.Random) -> list[Hook]:
        """Return the hooks of a push, one to five for each commit."""
        if push.way is Way.POLL:
            return []
        until, first = push.at, 0.0
        if push.way is Way.RACE:
            until += self.usual * chance.uniform(_EARLIEST, _LATEST)
            first = self.usual * chance.uniform(0, _THEN)
        posts = sum(chance.randint(1, _MOST) for _ in push.shas)
        then = [first + self.usual * chance.uniform(0, _SPREAD) for _ in range(posts)]
        return [Hook(push=push, until=until, then=one) for one in then]


def run_of(sha: str) -> str:
    """Return the id of a commit's run."""
    return f"commit__{sha}"
