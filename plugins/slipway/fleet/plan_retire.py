"""The end of a swap: what served before hands over, drains, and is kept warm or removed."""

from __future__ import annotations

from slipway.fleet.capacity import (
    capacity_to_take_over,
    mark_live,
    resume_scaling,
    scale_up_to,
    suspend_scaling,
)
from slipway.fleet.goals import Action, ActionKind, Plan
from slipway.fleet.situation import Situation
from slipway.model.fleet import Fleet, ServerGroup


def retire_old(situation: Situation, group: ServerGroup) -> Plan:
    """Decide how the traffic becomes the new group's alone.

    :param situation: the world, looked at closely.
    :param group: the new one.
    """
    serving, needed = situation.serving, capacity_to_take_over(situation)
    if more := scale_up_to(group, needed):
        return Plan(actions=more)
    if not group.in_service or group.serving < needed:
        return Plan(waiting=f"{group.serving} of {group.desired} machines of {group.name} serve")
    why = f"{group.name} serves with {group.serving} machines"
    if carried := _carry_over_rules(group, serving):
        return Plan(actions=carried)
    marks = (mark_live(group, why, situation.now),) if group.live_since is None else ()
    if left := _slow_start_left(situation, group) if serving else 0:
        return Plan(actions=marks, waiting=f"{group.name} is in slow start for another {left} s")
    if marks or serving:
        return Plan(actions=(*marks, *_detached(serving, why)))
    if leaving := [old.name for old in situation.others if old.draining]:
        return Plan(waiting=f"{', '.join(leaving)} is draining")
    adopted = tuple(old for old in situation.others if old.version is None)
    actions = (
        *_release_old_groups(situation),
        *resume_scaling((group, *adopted)),
        *_delete_orphan_templates(situation.fleet),
    )
    return Plan(actions=actions, note=_note_on_adopted(adopted))


def _slow_start_left(situation: Situation, group: ServerGroup) -> int:
    """Count the seconds until the balancer gives the new machines their full share."""
    since = situation.now if group.live_since is None else group.live_since
    return max(0, since + situation.fleet.slow_start - situation.now)


def _carry_over_rules(group: ServerGroup, serving: tuple[ServerGroup, ...]) -> tuple[Action, ...]:
    """Before the old one goes: what people and tools made it scale by, the new one takes over."""
    ruled = [old for old in serving if old.rules]
    if not ruled:
        return ()
    old = max(ruled, key=lambda one: one.desired)
    if old.rules == group.carried:
        return ()
    why = f"{old.name} scales by rules that {group.name} does not have yet"
    carry = Action(verb=ActionKind.CARRY_OVER, group=group.name, reason=why, source=old.name)
    # Held first, or the first of the rules would act while two groups stand.
    return (*suspend_scaling((group,)), carry)


def _detached(groups: tuple[ServerGroup, ...], why: str) -> tuple[Action, ...]:
    return tuple(Action(verb=ActionKind.DETACH, group=old.name, reason=why) for old in groups)


def _release_old_groups(situation: Situation) -> list[Action]:
    """Keep warm what served, delete what did not; a fleet that Slipway did not make stays."""
    ours = [old for old in situation.others if old.version is not None]
    return [
        _standby_or_delete(situation, old)
        for old in ours
        if old.standby_until is None or old.standby_until <= situation.now
    ]


def _standby_or_delete(situation: Situation, old: ServerGroup) -> Action:
    keep_old = situation.target.keep_old
    good = old.complete and old.live_since is not None
    if old.standby_until is None and keep_old > 0 and good:
        until = situation.now + int(keep_old)
        why = f"kept {keep_old:.0f} s for a fast way back"
        return Action(verb=ActionKind.KEEP_WARM, group=old.name, reason=why, at=until)
    return Action(
        verb=ActionKind.DELETE, group=old.name, reason="out of traffic, and no longer kept"
    )


def _note_on_adopted(adopted: tuple[ServerGroup, ...]) -> str:
    names = ", ".join(old.name for old in adopted)
    return f"{names} stays, out of traffic, since Slipway did not make it" if names else ""


def _delete_orphan_templates(fleet: Fleet) -> list[Action]:
    why = "no group needs it: its launch was interrupted, or its removal"
    return [
        Action(verb=ActionKind.DELETE_TEMPLATE, group=name, reason=why) for name in fleet.orphans
    ]


def retire_standbys(situation: Situation) -> Plan:
    """Decide which standbys have had their time.

    A launch template that a removal left behind goes as well: nobody else would come for it
    before the next swap. So does a failed machine that was kept long enough.

    :param situation: the world; no release is on its way.
    """
    fleet, now = situation.fleet, situation.now
    why = "its time as a standby is over"
    due = [
        Action(verb=ActionKind.DELETE, group=old.name, reason=why)
        for old in fleet.groups
        if old.standby_until is not None and old.standby_until <= now
        if not (old.attached or old.draining or old.deleting)
    ]
    ended = [
        Action(
            verb=ActionKind.END_FAILED,
            group=one.version,
            reason="the time for which it was kept is over",
            machine=one.instance_id,
        )
        for one in fleet.kept
        if one.until <= now and not one.grouped
    ]
    return Plan(actions=(*due, *_delete_orphan_templates(fleet), *ended))
