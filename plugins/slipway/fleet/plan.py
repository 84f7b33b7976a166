"""The next actions, from what is seen and what is wanted. Pure: it asks nobody.

Because it starts from the world as it is, a swap that was interrupted anywhere goes on from
there; a second run of a finished swap has nothing to do.
"""

from __future__ import annotations

from slipway.fleet.decisions import Action, Plan, Verb, Wish
from slipway.fleet.retire import retire_old, retire_standbys
from slipway.fleet.roll_back import roll_back
from slipway.fleet.target import FleetTarget
from slipway.fleet.traffic import grown, held, live, marked, needed, woken
from slipway.hooks.fleet_view import Fleet, ServerGroup


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
        return retire_standbys(fleet, now)
    if wish is Wish.ROLLED_BACK:
        return roll_back(fleet, version, name)
    if wish is Wish.LAUNCHED:
        return _launch(fleet, group, version, name, image, target)
    if group is None:
        return Plan(stuck=f"the server group {name} is gone")
    if wish is Wish.IN_TRAFFIC:
        return _attach(group, fleet.slow_start, now)
    return retire_old(fleet, group, target, now)


def _launch(
    fleet: Fleet,
    group: ServerGroup | None,
    version: str,
    name: str,
    image: str,
    target: FleetTarget,
) -> Plan:
    serving = live(fleet.others(version))
    still = held(serving)
    if group is None:
        if fleet.leaving(name):
            return Plan(waiting=f"an earlier {name} is still going away")
        return Plan(actions=(*still, _launch_beside(serving, target, name)))
    other_image = group.image_id is not None and group.image_id != image
    if other_image and group.live_since is None and not group.attached:
        if group.draining:
            return Plan(waiting=f"{name}, of an earlier bake, is draining")
        why = f"it was made of {group.image_id}, which is no longer this release's image"
        return Plan(actions=(Action(verb=Verb.DELETE, group=name, reason=why),))
    remark = f"{name} is there already"
    if other_image:
        remark += f", made of {group.image_id}; {image} holds the same version"
    # A group that was scaled to nothing has no size of its own to come back with.
    least = needed(serving) if group.desired else needed(serving) or target.desired_size
    return Plan(actions=(*woken(group), *still, *grown(group, least)), remark=remark)


def _launch_beside(serving: tuple[ServerGroup, ...], target: FleetTarget, name: str) -> Action:
    """The new group is as large as the live one is now, not as it was configured once."""
    present = needed(serving)
    if present:
        old = max(serving, key=lambda one: one.desired)
        size = (min(old.min_size, present), present, max(old.max_size, present))
        why = f"{old.name} has {present} machines now"
        source = old.name
    else:
        source = None
        size = (target.min_size, target.desired_size, target.max_size)
        why = f"nothing serves yet, and the project file asks for {target.desired_size}"
    return Action(verb=Verb.LAUNCH, group=name, reason=why, size=size, source=source)


def _attach(group: ServerGroup, slow_start: int, now: int) -> Plan:
    if group.attached:
        return Plan(actions=woken(group), remark=f"{group.name} is in the balancer already")
    why = "each of its machines is healthy when asked directly"
    attach = Action(verb=Verb.ATTACH, group=group.name, reason=why)
    # A standby comes back to a slow start, which is counted from here.
    again = slow_start and group.live_since is not None
    mark = (marked(group, "its slow start begins anew", now),) if again else ()
    return Plan(actions=(*woken(group), *mark, attach))
