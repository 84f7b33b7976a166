"""The nearest right name, and whose it is: nobody is pointed at what belongs to another project."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PROJECT, ENVIRONMENT = "slipway:project", "slipway:environment"
ALIKE = 0.5
# What a balancer's name may say besides project and environment, and still be theirs.
_KINDS = frozenset(
    {
        "alb",
        "classic",
        "clb",
        "elb",
        "group",
        "http",
        "https",
        "lb",
        "nlb",
        "target",
        "targets",
        "tg",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Something in the cloud that a project file could name.

    :param name: as it is there.
    :param tags: that it carries.
    :param users: project and environment of each server group that hangs on it.
    """

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    users: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """One environment of a project, for which a name is looked for.

    :param project: the project's name.
    :param environment: the environment's name.
    :param others: further projects that are known to run here.
    """

    project: str
    environment: str
    others: frozenset[str] = frozenset()

    def owns(self, one: Named) -> bool:
        """Tell whether something is this environment's: by its tags, its users, or its name."""
        whose = _claims(one)
        if whose:
            return whose == {(self.project, self.environment)}
        rest = _without(_words(one.name), _words(self.project))
        return rest is not None and set(rest) <= _KINDS | set(_words(self.environment))

    def rival(self, one: Named) -> str:
        """Return the project whose something is; empty where it may be this one's.

        A tag counts for more than whoever uses it.
        """
        tagged = one.tags.get(PROJECT)
        projects = {tagged} if tagged else {project for project, _ in one.users}
        mine = any(project == self.project for project, _ in one.users)
        return "" if mine or self.project in projects else min(projects, default="")

    def may_use(self, one: Named) -> bool:
        """Tell whether something is nobody else's, as far as anybody can know."""
        claims = _claims(one)
        if claims:
            return any(
                project == self.project and environment in ("", self.environment)
                for project, environment in claims
            )
        words, mine = _words(one.name), _words(self.project)
        named = [_words(other) for other in self.others if other != self.project]
        longest = max((len(other) for other in named if _has(words, other)), default=0)
        return longest == 0 or (_has(words, mine) and len(mine) >= longest)

    def own(self, there: Iterable[Named]) -> list[str]:
        """List the names of what is this environment's."""
        return [one.name for one in there if self.owns(one)]

    def usable(self, there: Iterable[Named]) -> list[str]:
        """List the names of what is nobody else's."""
        return [one.name for one in there if self.may_use(one)]


def nearest(name: str, there: Iterable[str], *, alike: float = ALIKE) -> str:
    """Return the name that comes nearest; empty where none is alike.

    :param name: as somebody wrote it.
    :param there: the names that there are.
    :param alike: how much so a name must be, from 0 (any) to 1 (the same).
    """
    return next(iter(nearest_few(name, there, most=1, alike=alike)), "")


def nearest_few(
    name: str, there: Iterable[str], *, most: int = 3, alike: float = ALIKE
) -> list[str]:
    """Return the names that come nearest, the best first.

    :param name: as somebody wrote it, in capitals or not.
    :param there: the names that there are.
    :param most: so many are returned at most.
    :param alike: how much so a name must be, from 0 (any) to 1 (the same).
    """
    by_lower = {one.lower(): one for one in there}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=most, cutoff=alike)
    return [by_lower[one] for one in near]


def suggestion(wrong: str, right: Iterable[str]) -> str:
    """Return how a message about an unknown name goes on; empty where there is no name at all.

    :param wrong: as somebody wrote it.
    :param right: the names that there are, in the order in which they are listed.
    """
    known = list(right)
    # Capitals are part of such a name: SystemMaxFileSize.
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=ALIKE)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(known)}" if known else ""


def _claims(one: Named) -> frozenset[tuple[str, str]]:
    tagged = one.tags.get(PROJECT)
    return one.users | ({(tagged, one.tags.get(ENVIRONMENT, ""))} if tagged else frozenset())


def _words(name: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[^a-z0-9]+", name.lower()) if word)


def _has(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return _without(words, part) is not None


def _without(words: tuple[str, ...], part: tuple[str, ...]) -> tuple[str, ...] | None:
    """Cut a run of words out of others; None where it is not there."""
    for start in range(len(words) - len(part) + 1):
        if part and words[start : start + len(part)] == part:
            return words[:start] + words[start + len(part) :]
    return None
