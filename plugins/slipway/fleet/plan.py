"""The next actions, from what is seen and what is wanted. Pure: it asks nobody.

Because it starts from the world as it is, a swap that was interrupted anywhere goes on from
there; a second run of a finished swap has nothing to do.
"""

from __future__ import annotations

from slipway.fleet.capacity import attached, has_served_alone, largest, leave_standby, mark_live
from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.fleet.plan_launch import launch
from slipway.fleet.plan_retire import retire_old, retire_standbys
from slipway.fleet.plan_roll_back import roll_back
from slipway.fleet.situation import Situation
from slipway.model.cloud.lease import UnfinishedSwap
from slipway.model.fleet import Fleet, ServerGroup


def plan(situation: Situation) -> Plan:
    """Decide what comes next.

    :param situation: the world, and what is wanted of it.
    """
    goal, group = situation.goal, situation.new
    if goal is Goal.STANDBYS_RETIRED:
        return retire_standbys(situation)
    if goal is Goal.ROLLED_BACK:
        return roll_back(situation)
    if goal in (Goal.CANARY, Goal.LAUNCHED):
        return launch(situation)
    if group is None:
        return Plan(blocked=f"the server group {situation.name} is gone")
    if goal is Goal.IN_TRAFFIC:
        return _attach(situation, group)
    return retire_old(situation, group)


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


def _attach(situation: Situation, group: ServerGroup) -> Plan:
    if group.attached:
        return Plan(actions=leave_standby(group), note=f"{group.name} is in the balancer already")
    why = "each of its machines is healthy when asked directly"
    beside = largest(situation.serving)
    shares = beside is not None and beside.further and "balancers" not in situation.target.drop
    source = beside.name if beside and shares else None
    attach = Action(verb=ActionKind.ATTACH, group=group.name, reason=why, source=source)
    # A standby comes back to a slow start, which is counted from here.
    again = situation.fleet.slow_start and group.live_since is not None
    mark = (mark_live(group, "its slow start begins anew", situation.now),) if again else ()
    return Plan(actions=(*leave_standby(group), *mark, attach))
