"""The world after an action, as a forecast imagines it: each succeeds, and each wait ends well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slipway.fleet.goals import Action, ActionKind
from slipway.fleet.situation import Situation
from slipway.model.fleet import Fleet, Machine, ServerGroup

# Seconds that pass at a step in which a plan only waits.
_WAIT = 60


def imagine(situation: Situation, actions: Sequence[Action]) -> Situation:
    """Return the situation when these are done, and everything has come to rest.

    :param situation: before.
    :param actions: of its plan; where there are none, some time passes.
    """
    fleet = situation.fleet
    for action in actions:
        fleet = _after(situation, fleet, action)
    groups = tuple(_settled(group) for group in fleet.groups if not group.deleting)
    now = situation.now if actions else situation.now + _WAIT
    return replace(situation, fleet=replace(fleet, groups=groups), now=now)


def _after(situation: Situation, fleet: Fleet, action: Action) -> Fleet:
    others = tuple(group for group in fleet.groups if group.name != action.group)
    if action.verb is ActionKind.LAUNCH:
        templates = (*fleet.templates, action.group)
        return replace(fleet, groups=(*others, _launched(situation, action)), templates=templates)
    if action.verb in (ActionKind.DELETE, ActionKind.DELETE_TEMPLATE):
        templates = tuple(name for name in fleet.templates if name != action.group)
        groups = others if action.verb is ActionKind.DELETE else fleet.groups
        return replace(fleet, groups=groups, templates=templates)
    if action.verb is ActionKind.TAKE_OVER:
        return fleet  # the imagined group has all from the beginning
    if action.verb is ActionKind.CARRY_OVER:
        rules = next((one.rules for one in fleet.groups if one.name == action.source), "")
        return _changed(fleet, action.group, lambda _: {"carried": rules})
    effect = EFFECTS.get(action.verb)
    return _changed(fleet, action.group, lambda one: effect(one, action)) if effect else fleet


def _changed(fleet: Fleet, name: str, change: Callable[[ServerGroup], dict[str, Any]]) -> Fleet:
    groups = (replace(one, **change(one)) if one.name == name else one for one in fleet.groups)
    return replace(fleet, groups=tuple(groups))


def _launched(situation: Situation, action: Action) -> ServerGroup:
    target = situation.target
    low, desired, high = action.size or (target.min_size, target.desired_size, target.max_size)
    return ServerGroup(
        name=action.group,
        version=situation.version,
        image_id=situation.machine_image,
        min_size=low,
        desired=desired,
        max_size=high,
        attached=False,
    )


# What each action does to its group; a launch and a deletion are about the group itself.
EFFECTS: Mapping[ActionKind, Callable[[ServerGroup, Action], dict[str, Any]]] = {
    ActionKind.RESIZE: lambda group, action: dict(
        zip(
            ("min_size", "desired", "max_size"),
            action.size or (group.min_size, group.desired, group.max_size),
            strict=True,
        )
    ),
    ActionKind.ATTACH: lambda *_: {"attached": True},
    ActionKind.DETACH: lambda *_: {"attached": False},
    ActionKind.SUSPEND_SCALING: lambda group, action: {
        "held": action.processes,
        "suspended": group.suspended | action.processes,
    },
    ActionKind.RESUME_SCALING: lambda group, action: {
        "held": frozenset(),
        "suspended": group.suspended - action.processes,
    },
    ActionKind.MARK_LIVE: lambda _, action: {"live_since": action.at},
    ActionKind.KEEP_WARM: lambda _, action: {"standby_until": action.at},
    ActionKind.WAKE: lambda _, action: {"standby_until": action.at},
}


def _settled(group: ServerGroup) -> ServerGroup:
    """All its machines are up; the balancer sends requests to them, or has let go of them."""
    health = "healthy" if group.attached else None
    known = [one.instance_id for one in group.machines]
    ids = [*known, *(f"another of {group.name}, {n}" for n in range(group.desired))]
    machines = tuple(
        Machine(instance_id=one, address=None, lifecycle="InService", target_health=health)
        for one in ids[: group.desired]
    )
    return replace(group, machines=machines)
