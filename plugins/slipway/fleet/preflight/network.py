"""Where a deployment's machines stand: balancer, subnets, security groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from slipway.fleet.preflight.finding import Finding
from slipway.model.cloud.preflight_facts import (
    BalancerSeen,
    SecurityGroupSeen,
    SubnetSeen,
    Surroundings,
    Unasked,
)
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import ALIKE, Named, Owner, nearest

_FILE = "correct {} in the project file"
# Where something is in the wrong place, whatever is in the right one helps.
_ANY = 0.0
_Placed = SubnetSeen | SecurityGroupSeen
_P = TypeVar("_P", SubnetSeen, SecurityGroupSeen)


def balancer(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the target group or classic load balancer."""
    kind, key, name = _asked_for(needs)
    found = seen.balancer
    if isinstance(found, Unasked):
        return
    if found is None:
        there = () if isinstance(seen.balancers, Unasked) else seen.balancers
        yield Finding(
            what=f"{kind} {name!r}",
            trouble="does not exist",
            nearest=nearest(name, _owner(needs, seen).own(there)),
            cure=f"create it, or {_FILE.format(key)}",
        )
        return
    yield from _foreign(needs, seen, kind, name, key)
    if found.targets != "instance":
        yield Finding(
            what=f"{kind} {name!r}",
            trouble=f"takes targets of type {found.targets}",
            cure="server groups need one with target type `instance`",
        )
    if not found.listening:
        yield Finding(
            what=f"{kind} {name!r}",
            trouble="hangs on no listener, so no request would reach it",
            nearest=nearest(name, _listening(needs, seen, name)),
            cure="let a listener of a load balancer forward to it",
        )


def _foreign(needs: Needs, seen: Surroundings, kind: str, name: str, key: str) -> Iterator[Finding]:
    """Refuse a balancer that is another project's."""
    there = () if isinstance(seen.balancers, Unasked) else seen.balancers
    own = _owner(needs, seen)
    for whose in (own.rival(one) for one in there if one.name == name):
        if whose:
            yield Finding(
                what=f"{kind} {name!r}",
                trouble=f"belongs to project {whose}",
                nearest=nearest(name, own.own(there)),
                cure=f"{_FILE.format(key)}; if it is this project's, tag it with slipway:project",
            )


def _listening(needs: Needs, seen: Surroundings, name: str) -> list[str]:
    there = () if isinstance(seen.balancers, Unasked) else seen.balancers
    return [one for one in _owner(needs, seen).own(there) if one != name]


def subnets(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the subnets: each by itself, and their room together."""
    if isinstance(seen.subnets, Unasked) or not needs.machines:
        return
    at = seen.balancer if isinstance(seen.balancer, BalancerSeen) else BalancerSeen(name="")
    chosen = []
    for name in needs.subnets:
        one = _pick(name, seen.subnets)
        if one is None:
            yield _lost("subnet", name, needs, seen, _here(seen.subnets, at), "subnets")
            continue
        chosen.append(one)
        if at.vpc and one.vpc != at.vpc:
            yield _elsewhere("subnet", name, one, needs, seen, at, "subnets")
        elif at.zones and one.zone not in at.zones:
            good = [other for other in _here(seen.subnets, at) if other.zone in at.zones]
            yield Finding(
                what=f"subnet {name!r}",
                trouble=f"lies in {one.zone}, and {at.name} serves {', '.join(sorted(at.zones))}",
                nearest=_nearest(name, needs, seen, good, alike=_ANY),
                cure=f"{_FILE.format('instance.subnets')}, or enable the zone at the balancer",
            )
    if chosen and len(chosen) == len(needs.subnets):
        yield from _room(needs, chosen)


def _room(needs: Needs, chosen: Sequence[SubnetSeen]) -> Iterator[Finding]:
    free = sum({one.id: one.free for one in chosen}.values())
    if free < needs.machines:
        names = ", ".join(repr(name) for name in needs.subnets)
        yield Finding(
            what=f"subnet {names}",
            trouble=f"has {free} free addresses, and {needs.machines} machines are launched",
            cure="free addresses, or name a further subnet under instance.subnets",
        )


def security_groups(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the security groups."""
    if isinstance(seen.security_groups, Unasked) or not needs.machines:
        return
    at = _network(needs, seen)
    for name in needs.security_groups:
        one = _pick(name, seen.security_groups)
        if one is None:
            here = _here(seen.security_groups, at)
            yield _lost("security group", name, needs, seen, here, "security_groups")
        elif at.vpc and one.vpc != at.vpc:
            yield _elsewhere("security group", name, one, needs, seen, at, "security_groups")


def _network(needs: Needs, seen: Surroundings) -> BalancerSeen:
    """Say which network counts: the balancer's, or the one of the first subnet."""
    if isinstance(seen.balancer, BalancerSeen) and seen.balancer.vpc:
        return seen.balancer
    there = () if isinstance(seen.subnets, Unasked) else seen.subnets
    picked = (_pick(name, there) for name in needs.subnets)
    first = next((one for one in picked if one is not None), None)
    return BalancerSeen(name="", vpc=first.vpc if first else "")


def _lost(
    kind: str, name: str, needs: Needs, seen: Surroundings, here: Sequence[_Placed], key: str
) -> Finding:
    return Finding(
        what=f"{kind} {name!r}",
        trouble="does not exist",
        nearest=_nearest(name, needs, seen, here),
        cure=f"create it, or {_FILE.format(f'instance.{key}')}",
    )


def _elsewhere(
    kind: str, name: str, one: _Placed, needs: Needs, seen: Surroundings, at: BalancerSeen, key: str
) -> Finding:
    here: Sequence[_Placed] = ()
    if isinstance(one, SubnetSeen) and not isinstance(seen.subnets, Unasked):
        here = _here(seen.subnets, at)
    elif not isinstance(seen.security_groups, Unasked):
        here = _here(seen.security_groups, at)
    # Of the same name in the right network, only its id tells them apart.
    same = next((other.id for other in here if other.name == one.name), "")
    what = f"{at.name} in {at.vpc}" if at.name else f"the subnets in {at.vpc}"
    return Finding(
        what=f"{kind} {name!r}",
        trouble=f"is in {one.vpc}, and {what}",
        nearest=same or _nearest(name, needs, seen, here, alike=_ANY),
        cure=_FILE.format(f"instance.{key}"),
    )


def _pick(name: str, there: Iterable[_P]) -> _P | None:
    """Return what a launch would take: by id, or the last of a name."""
    found = None
    for one in there:
        if one.id == name:
            return one
        if one.name == name:
            found = one
    return found


def _here(there: Iterable[_P], at: BalancerSeen) -> list[_P]:
    return [one for one in there if not at.vpc or one.vpc == at.vpc]


def _nearest(
    name: str, needs: Needs, seen: Surroundings, here: Sequence[_Placed], *, alike: float = ALIKE
) -> str:
    names = [Named(name=one.name or one.id, tags=one.tags) for one in here]
    return nearest(name, _owner(needs, seen).usable(names), alike=alike)


def _owner(needs: Needs, seen: Surroundings) -> Owner:
    return Owner(project=needs.project, environment=needs.environment, others=seen.projects)


def _asked_for(needs: Needs) -> tuple[str, str, str]:
    if needs.target_group:
        return "target group", "target_group", needs.target_group
    return "load balancer", "load_balancer", needs.load_balancer or ""
