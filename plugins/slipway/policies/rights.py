"""Who may do what on an environment. Pure: it asks nobody who somebody is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from slipway.model.fact import Fact
from slipway.model.text.inert import visible

# Before the name of a role; a name without it is a login.
ROLE = "role:"


class Right(StrEnum):
    """What may be asked for; the value is the key in a project file."""

    DEPLOY = "deploy"
    APPROVE = "approve"
    OVERRIDE_FREEZE = "override_freeze"
    HOLD = "hold"


_WORDS = {
    Right.DEPLOY: "deploy to",
    Right.APPROVE: "approve deployments to",
    Right.OVERRIDE_FREEZE: "override a freeze of",
    Right.HOLD: "hold, resume, stop or reject on",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person(Fact):
    """Somebody, as Airflow's login knows him.

    :param name: the login; empty where nobody stands behind a run.
    :param roles: of the login, where the auth manager tells them.
    """

    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class May(Fact):
    """Who may do what: logins, and ``role:`` with the name of a role; None is everybody."""

    deploy: tuple[str, ...] | None = None
    approve: tuple[str, ...] | None = None
    override_freeze: tuple[str, ...] | None = None
    hold: tuple[str, ...] | None = None

    def of(self, right: Right) -> tuple[str, ...] | None:
        """Return who has a right; None for everybody."""
        found: tuple[str, ...] | None = getattr(self, right.value)
        return found


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What an environment asks of people.

    :param may: who may do what.
    :param approvals: how many different people have to say yes, where anybody has to.
    :param four_eyes: nobody approves what he wrote or started himself.
    :param people: for a login the names and addresses that its commits carry.
    """

    may: May = field(default_factory=May)
    approvals: int = 1
    four_eyes: bool = False
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def is_among(person: Person, named: Iterable[str]) -> bool:
    """Tell whether somebody is named, by login or by role.

    :param person: who.
    :param named: logins, and roles behind ``role:``.
    """
    own = {person.name, *(f"{ROLE}{role}" for role in person.roles)} - {""}
    # A login that reads like a role is nobody's role.
    if person.name.startswith(ROLE):
        own.discard(person.name)
    return not own.isdisjoint(named)


def refusal(may: May, right: Right, person: Person, environment: str) -> str | None:
    """Say why somebody may not do something; None when he may.

    :param may: of the environment.
    :param right: what is asked for.
    :param person: who asks.
    :param environment: its name, for the words.
    """
    named = may.of(right)
    if named is None or is_among(person, named):
        return None
    who = visible(person.name) or "nobody who is known"
    return f"{who} may not {_WORDS[right]} {environment}: {listed(named)} may"


def listed(named: Collection[str]) -> str:
    """Name those who have a right, for people."""
    shown = [_named(one) for one in named]
    return ", ".join(shown) or "nobody"


def _named(one: str) -> str:
    is_role = one.startswith(ROLE)
    return f"whoever has the role {visible(one[len(ROLE) :])}" if is_role else visible(one)


def no_yes(
    rules: Rules,
    person: Person,
    *,
    environment: str,
    started_by: str,
    authors: Iterable[str],
    earlier: Iterable[str] = (),
) -> str | None:
    """Say why somebody's yes does not count; None when it does.

    :param rules: of the environment.
    :param person: who said yes.
    :param environment: its name, for the words.
    :param started_by: the login of whoever started the run.
    :param authors: of the release's new commits: ``Ann Lee <ann@example.com>``.
    :param earlier: logins of those who said yes before.
    """
    if person.name in earlier:
        return f"{visible(person.name)} has said yes already, and another person has to"
    if refused := refusal(rules.may, Right.APPROVE, person, environment):
        return refused
    if not rules.four_eyes:
        return None
    if person.name.casefold() == started_by.casefold():
        return "who starts a run does not approve it here"
    theirs = next((one for one in authors if is_by(person.name, one, rules.people)), None)
    return f"a commit of it is by {visible(theirs)}" if theirs is not None else None


def is_by(login: str, author: str, people: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether a commit's author is somebody with a login.

    By what the project file says of the login; else by the login being the author's name, address,
    or what stands before the address's at.

    :param login: as Airflow has it.
    :param author: ``Ann Lee <ann@example.com>``.
    :param people: of the project file.
    """
    name, _, address = author.casefold().rpartition(" <")
    address = address.removesuffix(">")
    own = {one.casefold() for one in (login, *people.get(login, ()))}
    return not own.isdisjoint({name, address, address.partition("@")[0]} - {""})
