"""The next actions, from what is seen and what is wanted. Pure: it asks nobody.

Because it starts from the world as it is, a swap that was interrupted anywhere goes on from
there; a second run of a finished swap has nothing to do.
"""

from __future__ import annotations

from slipway.fleet.capacity import attached, has_served_alone, largest, leave_standby, mark_live
from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.fleet.plan_launch import launch
from slipway.fleet.plan_retire import retire_old, retire_standbys
from slipway.fleet.plan_roll_back import Keep, roll_back
from slipway.model.fleet import Fleet, ServerGroup
from slipway.model.lease import UnfinishedSwap
from slipway.model.target import DeployTarget


def plan(
    fleet: Fleet,
    wish: Goal,
    *,
    target: DeployTarget,
    version: str,
    name: str,
    image: str,
    now: int,
    ill: tuple[str, ...] | None = None,
) -> Plan:
    """Decide what comes next.

    :param fleet: the world.
    :param wish: what is wanted of it.
    :param version: the release that the wish is about.
    :param name: its server group's name.
    :param image: its machine image.
    :param now: seconds since 1970.
    :param ill: the ids of the release's ill machines; None where nobody has looked.
    """
    group = fleet.of(version)
    if wish is Goal.STANDBYS_RETIRED:
        return retire_standbys(fleet, now)
    if wish is Goal.ROLLED_BACK:
        keep = Keep(seconds=target.keep_failed, ill=ill, now=now)
        return roll_back(fleet, version, name, keep=keep)
    if wish in (Goal.CANARY, Goal.LAUNCHED):
        canary = target.canary if wish is Goal.CANARY else None
        return launch(fleet, version, target=target, name=name, image=image, canary=canary)
    if group is None:
        return Plan(blocked=f"the server group {name} is gone")
    if wish is Goal.IN_TRAFFIC:
        return _attach(fleet, group, target, now)
    return retire_old(fleet, group, target, now)


def ending(fleet: Fleet, half: UnfinishedSwap) -> Goal:
    """Decide how a swap comes to an end whose run has ended before it.

    Forward, if the release has proved itself and carries the traffic: all of it, when nothing else
    is in the balancer, or else with every machine. Else back.

    :param fleet: the world.
    :param half: the swap.
    """
    group = fleet.of(half.release)
    if group is None or not group.attached or not (half.soaked or has_served_alone(group)):
        return Goal.ROLLED_BACK
    alone = group.serving and not attached(fleet.others(half.release))
    return Goal.OLD_RETIRED if alone or group.in_service else Goal.ROLLED_BACK


def _attach(fleet: Fleet, group: ServerGroup, target: DeployTarget, now: int) -> Plan:
    if group.attached:
        return Plan(actions=leave_standby(group), note=f"{group.name} is in the balancer already")
    why = "each of its machines is healthy when asked directly"
    beside = largest(attached(fleet.others(group.version or "")))
    source = beside.name if beside and beside.further and "balancers" not in target.drop else None
    attach = Action(verb=ActionKind.ATTACH, group=group.name, reason=why, source=source)
    # A standby comes back to a slow start, which is counted from here.
    again = fleet.slow_start and group.live_since is not None
    mark = (mark_live(group, "its slow start begins anew", now),) if again else ()
    return Plan(actions=(*leave_standby(group), *mark, attach))
