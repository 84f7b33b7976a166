"""The way back: a failed release leaves, the one before it serves on."""

from __future__ import annotations

from slipway.fleet.capacity import last_good, live, released, woken
from slipway.fleet.goals import Action, Plan, Verb
from slipway.model.fleet import Fleet, ServerGroup


def roll_back(fleet: Fleet, version: str, name: str) -> Plan:
    """Decide how a release leaves.

    Nothing is taken out of traffic while nothing else serves, and a release that served alone
    before is not removed by a swap that changed nothing.

    :param fleet: the world.
    :param version: the failed release.
    :param name: its server group's name.
    """
    group, others = fleet.of(version), fleet.others(version)
    back = _restored(live(others))
    if group is None:
        return Plan(actions=(*back, *_template(fleet, name)))
    if group.attached:
        return _out_of_traffic(group, others)
    if group.draining:
        return Plan(waiting=f"{name} is draining")
    if group.standby_until is not None:
        return Plan(actions=back, remark=f"{name} was retired in good order: it is a standby")
    failed = Action(verb=Verb.DELETE, group=name, reason="its release failed")
    return Plan(actions=(*back, failed))


def _out_of_traffic(group: ServerGroup, others: tuple[ServerGroup, ...]) -> Plan:
    before = live(others)
    healthy = sum(old.serving for old in before)
    if healthy and (not group.serving or healthy >= _stand_in(group, before)):
        return _detach(group, f"{healthy} machines of the release before it serve")
    if healthy:
        return _reinforced(group, before)
    if group.serving and group.live_since is not None:
        return _stays(group, before, "it served before this swap began")
    if before and not any(old.desired for old in before):
        return _from_nothing(group, before)
    if before:
        names = ", ".join(old.name for old in before)
        return Plan(waiting=f"{names} is not in service, so {group.name} stays in traffic")
    if warm := last_good(others):
        why = "it served before, and is still warm"
        source = group.name if group.further else None
        attach = Action(verb=Verb.ATTACH, group=warm.name, reason=why, source=source)
        return Plan(actions=(attach,))
    if group.serving or group.live_since is not None:
        return _stays(group, before, "without it nothing would serve")
    return _detach(group, "none of its machines serves, and nothing served before it")


def _from_nothing(group: ServerGroup, before: tuple[ServerGroup, ...]) -> Plan:
    """Go back to what was scaled to nothing, by hand or for the night: it is waited for in vain."""
    if group.serving:
        return _reinforced(group, before)
    if group.live_since is None:
        return _detach(group, "none of its machines serves, and nothing was meant to before it")
    return _stays(group, before, "nothing else is meant to serve")


def _stays(group: ServerGroup, before: tuple[ServerGroup, ...], why: str) -> Plan:
    """Leave the release where it is; what its swap held is given back."""
    return Plan(actions=_restored((group, *before)), remark=f"{group.name} stays: {why}")


def _stand_in(group: ServerGroup, before: tuple[ServerGroup, ...]) -> int:
    """Count the machines without which the way back would cost capacity.

    As many as the failed release serves with now, for the traffic may have grown since it came;
    and all that the release before it wants, for it served with them.
    """
    return max(group.serving, *(old.desired for old in before))


def _reinforced(group: ServerGroup, before: tuple[ServerGroup, ...]) -> Plan:
    """Bring the release before it up to today's traffic first."""
    wanted = _stand_in(group, before)
    old = max(before, key=lambda one: one.desired)
    lacking = wanted - sum(one.desired for one in before)
    if lacking <= 0:
        names = ", ".join(one.name for one in before)
        serving = sum(one.serving for one in before)
        waiting = f"{serving} of {wanted} machines of {names} serve, so {group.name} stays"
        return Plan(waiting=waiting)
    desired = old.desired + lacking
    why = f"{group.name} serves with {group.serving} machines, which it has to stand in for"
    size = (old.min_size, desired, max(old.max_size, desired))
    return Plan(actions=(Action(verb=Verb.RESIZE, group=old.name, reason=why, size=size),))


def _detach(group: ServerGroup, why: str) -> Plan:
    return Plan(actions=(Action(verb=Verb.DETACH, group=group.name, reason=why),))


def _restored(serving: tuple[ServerGroup, ...]) -> tuple[Action, ...]:
    """What serves alone again scales again, and is nobody's standby."""
    awake = [action for group in serving for action in woken(group)]
    return (*awake, *released(serving))


def _template(fleet: Fleet, name: str) -> tuple[Action, ...]:
    if name not in fleet.orphans:
        return ()
    why = "no group needs it: its launch was interrupted, or its removal"
    return (Action(verb=Verb.DELETE_TEMPLATE, group=name, reason=why),)
