"""The beginning of a swap: a group beside the live one, in full or as a canary first."""

from __future__ import annotations

from dataclasses import replace

from slipway.fleet.capacity import (
    capacity_needed,
    has_served_alone,
    largest,
    leave_standby,
    scale_up_to,
    size_in_full,
    suspend_scaling,
)
from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.fleet.situation import Situation
from slipway.model.fleet import ServerGroup


def launch(situation: Situation) -> Plan:
    """Decide how a release gets its machines: all of them, or a few as a canary first.

    :param situation: the world, and the release.
    """
    name, group = situation.name, situation.new
    few = _canary_size(situation)
    # A canary may be watched for long. The live group carries the traffic meanwhile, so it goes
    # on scaling, and is held only when the rest comes.
    still = [] if few else suspend_scaling(situation.serving)
    if group is None:
        if situation.fleet.leaving(name):
            return Plan(waiting=f"an earlier {name} is still going away")
        return Plan(actions=(*still, _launch_beside(situation, few)))
    image = situation.machine_image
    other_image = group.image_id is not None and group.image_id != image
    if other_image and group.live_since is None and not group.attached:
        return _leave_earlier_bake(group)
    remark = f"{name} is there already"
    if other_image:
        remark += f", made of {group.image_id}; {image} holds the same version"
    more = scale_up_to(group, few) if few else _grown(situation, group)
    return Plan(actions=(*leave_standby(group), *_taken_over(group), *still, *more), note=remark)


def _canary_size(situation: Situation) -> int:
    """Count the machines that are enough for now; 0 means that all of them are launched at once.

    There is a canary only beside machines that serve, and for a release that never served alone.
    A first release, a standby that comes back and the cure of a fleet that is down need all their
    machines at once: one alone would get the whole traffic.
    """
    canary = situation.target.canary
    beside = any(old.serving for old in situation.serving)
    if situation.goal is not Goal.CANARY or canary is None or not beside:
        return 0
    return 0 if has_served_alone(situation.new) else min(canary.size, capacity_needed(situation))


def _leave_earlier_bake(group: ServerGroup) -> Plan:
    """Make room for a group of this bake, under the same name."""
    if group.draining:
        return Plan(waiting=f"{group.name}, of an earlier bake, is draining")
    why = f"it was made of {group.image_id}, which is no longer this release's image"
    return Plan(actions=(Action(verb=ActionKind.DELETE, group=group.name, reason=why),))


def _taken_over(group: ServerGroup) -> tuple[Action, ...]:
    """What AWS takes only of a group that is there, before anybody looks at its machines."""
    if not group.taking_over:
        return ()
    why = f"{group.taking_over} has them"
    source = group.taking_over
    return (Action(verb=ActionKind.TAKE_OVER, group=group.name, reason=why, source=source),)


def _launch_beside(situation: Situation, few: int) -> Action:
    """The new group is as large as the live one is now, not as it was configured once."""
    low, present, high = size = size_in_full(situation)
    # Also one that was scaled to nothing, for the night say, has settings to give.
    old = largest(situation.serving)
    source = old.name if old else None
    if old and situation.target.resized_from is not None:
        why = f"its settings ask for {present} machines in place of {old.name}'s {old.desired}"
    elif old and capacity_needed(situation):
        why = f"{old.name} has {present} machines now"
    else:
        why = f"nothing serves yet, and the project file asks for {present}"
    if few:
        size = (min(low, few), few, high)
        why = f"a canary comes first; {why}"
    return Action(
        verb=ActionKind.LAUNCH, group=situation.name, reason=why, size=size, source=source
    )


def _grown(situation: Situation, group: ServerGroup) -> tuple[Action, ...]:
    """A canary gets the rest of its machines, and any group enough for the traffic of now."""
    low, full, high = size_in_full(situation)
    # Neither a group that was scaled to nothing nor a canary has a size of its own to stay with.
    sized = group.desired and (has_served_alone(group) or situation.target.canary is None)
    least = full if capacity_needed(situation) or not sized else 0
    if has_served_alone(group):
        return scale_up_to(group, least)
    low, high = max(group.min_size, low), max(group.max_size, high)
    return scale_up_to(replace(group, min_size=low, max_size=high), least)
