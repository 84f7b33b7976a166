"""The next actions, from what is seen and what is wanted. Pure: it asks nobody.

Because it starts from the world as it is, a swap that was interrupted anywhere goes on from
there; a second run of a finished swap has nothing to do.
"""

from __future__ import annotations

from slipway.fleet.decisions import Action, Plan, Verb, Wish
from slipway.fleet.roll_back import roll_back
from slipway.fleet.target import FleetTarget
from slipway.fleet.traffic import live, needed, released, woken
from slipway.hooks.fleet_view import SCALING, Fleet, ServerGroup


def plan(
    fleet: Fleet, wish: Wish, *, target: FleetTarget, version: str, name: str, image: str, now: int
) -> Plan:
    """Decide what comes next.

    :param fleet: the world.
    :param wish: what is wanted of it.
    :param version: the release that the wish is about.
    :param name: its server group's name.
    :param image: its machine image.
    :param now: seconds since 1970.
    """
    group = fleet.of(version)
    if wish is Wish.STANDBYS_RETIRED:
        return _retire_standbys(fleet.groups, now)
    if wish is Wish.ROLLED_BACK:
        return roll_back(fleet, version, name)
    if wish is Wish.LAUNCHED:
        return _launch(fleet, group, version, name, image, target)
    if group is None:
        return Plan(stuck=f"the server group {name} is gone")
    if wish is Wish.IN_TRAFFIC:
        return _attach(group)
    return _retire_old(fleet, group, target, now)


def _launch(
    fleet: Fleet,
    group: ServerGroup | None,
    version: str,
    name: str,
    image: str,
    target: FleetTarget,
) -> Plan:
    serving = live(fleet.others(version))
    held = _held(serving)
    if group is None:
        if fleet.leaving(name):
            return Plan(waiting=f"an earlier {name} is still going away")
        return Plan(actions=(*held, _launch_beside(serving, target, name)))
    other_image = group.image_id is not None and group.image_id != image
    if other_image and group.live_since is None and not group.attached:
        why = f"it was made of {group.image_id}, which is no longer this release's image"
        return Plan(actions=(Action(verb=Verb.DELETE, group=name, reason=why),))
    remark = f"{name} is there already"
    if other_image:
        remark += f", made of {group.image_id}; {image} holds the same version"
    # A group that was scaled to nothing has no size of its own to come back with.
    least = needed(serving) if group.desired else needed(serving) or target.desired_size
    return Plan(actions=(*woken(group), *held, *_grown(group, least)), remark=remark)


def _held(serving: tuple[ServerGroup, ...]) -> list[Action]:
    """Keep the live groups at their size; what somebody else suspended is left to them."""
    why = "the live group must not shrink or grow while two stand side by side"
    wanted = [(old, old.held or SCALING - old.suspended) for old in serving]
    return [
        Action(verb=Verb.SUSPEND_SCALING, group=old.name, reason=why, processes=processes)
        for old, processes in wanted
        if processes - old.suspended
    ]


def _launch_beside(serving: tuple[ServerGroup, ...], target: FleetTarget, name: str) -> Action:
    """The new group is as large as the live one is now, not as it was configured once."""
    present = needed(serving)
    if present:
        old = max(serving, key=lambda one: one.desired)
        size = (min(old.min_size, present), present, max(old.max_size, present))
        why = f"{old.name} has {present} machines now"
    else:
        size = (target.min_size, target.desired_size, target.max_size)
        why = f"nothing serves yet, and the project file asks for {target.desired_size}"
    return Action(verb=Verb.LAUNCH, group=name, reason=why, size=size)


def _grown(group: ServerGroup, least: int) -> tuple[Action, ...]:
    """Make room for the traffic of now: a standby may be smaller, a live group may have grown."""
    if group.desired >= least:
        return ()
    size = (group.min_size, least, max(group.max_size, least))
    why = f"it takes {least} machines to carry the traffic"
    return (Action(verb=Verb.RESIZE, group=group.name, reason=why, size=size),)


def _attach(group: ServerGroup) -> Plan:
    if group.attached:
        return Plan(actions=woken(group), remark=f"{group.name} is in the balancer already")
    why = "each of its machines is healthy when asked directly"
    attach = Action(verb=Verb.ATTACH, group=group.name, reason=why)
    return Plan(actions=(*woken(group), attach))


def _retire_old(fleet: Fleet, group: ServerGroup, target: FleetTarget, now: int) -> Plan:
    others = fleet.others(group.version or "")
    serving = live(others)
    if grown := _grown(group, needed(serving)):
        return Plan(actions=grown)
    if not group.in_service or group.serving < needed(serving):
        return Plan(waiting=f"{group.serving} of {group.desired} machines of {group.name} serve")
    why = f"{group.name} serves with {group.serving} machines"
    if group.live_since is None:
        mark = Action(verb=Verb.MARK_LIVE, group=group.name, reason=why, at=now)
        return Plan(actions=(mark, *_detached(serving, why)))
    if serving:
        return Plan(actions=_detached(serving, why))
    if leaving := [old.name for old in others if old.draining]:
        return Plan(waiting=f"{', '.join(leaving)} is draining")
    return Plan(actions=(*_let_go(others, target, now), *released((group,)), *_swept(fleet)))


def _detached(groups: tuple[ServerGroup, ...], why: str) -> tuple[Action, ...]:
    return tuple(Action(verb=Verb.DETACH, group=old.name, reason=why) for old in groups)


def _let_go(others: tuple[ServerGroup, ...], target: FleetTarget, now: int) -> list[Action]:
    """Keep warm what served, delete what did not; a fleet that Slipway did not make stays."""
    ours = [old for old in others if old.version is not None]
    return [
        _parting(old, target, now)
        for old in ours
        if old.standby_until is None or old.standby_until <= now
    ]


def _parting(old: ServerGroup, target: FleetTarget, now: int) -> Action:
    good = old.complete and old.live_since is not None
    if old.standby_until is None and target.keep_old > 0 and good:
        until = now + int(target.keep_old)
        why = f"kept {target.keep_old:.0f} s for a fast way back"
        return Action(verb=Verb.KEEP_WARM, group=old.name, reason=why, at=until)
    return Action(verb=Verb.DELETE, group=old.name, reason="out of traffic, and no longer kept")


def _swept(fleet: Fleet) -> list[Action]:
    why = "a launch template without a group: its launch was interrupted"
    return [Action(verb=Verb.DELETE, group=name, reason=why) for name in fleet.orphans]


def _retire_standbys(groups: tuple[ServerGroup, ...], now: int) -> Plan:
    why = "its time as a standby is over"
    return Plan(
        actions=tuple(
            Action(verb=Verb.DELETE, group=old.name, reason=why)
            for old in groups
            if old.standby_until is not None and old.standby_until <= now
            if not (old.attached or old.draining or old.deleting)
        )
    )
