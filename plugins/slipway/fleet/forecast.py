"""What a swap would do: the fleet's own plan, played through on a copy of what was seen.

Nothing here can reach a cloud. Each action is imagined to succeed and each wait to end well, so
a forecast is the swap that everybody hopes for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slipway.fleet.capacity import has_served_alone
from slipway.fleet.goals import Action, ActionKind, Goal
from slipway.fleet.swap import Swap
from slipway.model.fleet import Fleet, Machine, ServerGroup
from slipway.model.target import DeployTarget

# The wishes of a deployment, each with the gate behind it.
_CANARY: tuple[tuple[Goal, str], ...] = (
    (Goal.CANARY, "wait until the canary is healthy when asked directly, {health:.0f} s at most"),
    (Goal.IN_TRAFFIC, "wait until the canary is in service, then watch it for {canary:.0f} s"),
)
_WAY: Mapping[Goal, str] = {
    Goal.LAUNCHED: "wait until each machine is healthy when asked directly, {health:.0f} s at most",
    Goal.IN_TRAFFIC: "wait until the balancer has each in service, then watch for {soak:.0f} s",
    Goal.OLD_RETIRED: "",
}
_UNWATCHED = "wait until the balancer has each in service; no soak, since it served alone before"
# A plan comes to its end in a few steps; a minute passes at each in which it only waits.
_MOST_STEPS, _WAIT = 30, 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """One line of a forecast.

    :param action: None for what changes nothing: a gate, a remark, the reason why it is stuck.
    """

    said: str
    action: Action | None = None


def forecast(swap: Swap, fleet: Fleet) -> Iterator[Foreseen]:
    """Play a swap through.

    :param swap: the release on its way; only its plan is asked.
    :param fleet: the world, as observed.
    """
    for wish, gate in _way(swap, fleet):
        seen: list[Action] = []
        step = _Imagined(swap=swap, fleet=fleet, now=swap.clock())
        for _ in range(_MOST_STEPS):
            plan = step.swap_at().plan(step.fleet, wish)
            if plan.blocked:
                yield Foreseen(said=f"cannot go on: {plan.blocked}")
                return
            fresh = [action for action in plan.actions if action not in seen]
            yield from (Foreseen(said=_spoken(action), action=action) for action in fresh)
            if plan.done and plan.note and not seen:
                yield Foreseen(said=f"nothing to do: {plan.note}")
            if plan.done or (plan.actions and not fresh):
                break
            seen += fresh
            step = step.after(fresh)
        fleet = step.fleet
        if gate:
            yield Foreseen(said=gate.format(**_limits(swap.target)))


def _way(swap: Swap, fleet: Fleet) -> Iterator[tuple[Goal, str]]:
    if has_served_alone(fleet.of(swap.image.release.version)):
        yield from {**_WAY, Goal.IN_TRAFFIC: _UNWATCHED}.items()
        return
    if swap.target.canary:
        yield from _CANARY
    yield from _WAY.items()


def _limits(target: DeployTarget) -> dict[str, float]:
    canary = target.canary.soak if target.canary else 0.0
    return {"health": target.health_timeout, "soak": target.soak, "canary": canary}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Imagined:
    """The world at one step of the play."""

    swap: Swap
    fleet: Fleet
    now: float

    def swap_at(self) -> Swap:
        return replace(self.swap, clock=lambda: self.now)

    def after(self, actions: list[Action]) -> _Imagined:
        """Return the world when these are done, and everything has come to rest."""
        fleet = self.fleet
        for action in actions:
            fleet = self._after(fleet, action)
        groups = tuple(_settled(group) for group in fleet.groups if not group.deleting)
        now = self.now if actions else self.now + _WAIT
        return replace(self, fleet=replace(fleet, groups=groups), now=now)

    def _after(self, fleet: Fleet, action: Action) -> Fleet:
        others = tuple(group for group in fleet.groups if group.name != action.group)
        if action.verb is ActionKind.LAUNCH:
            templates = (*fleet.templates, action.group)
            return replace(fleet, groups=(*others, self._launched(action)), templates=templates)
        if action.verb in (ActionKind.DELETE, ActionKind.DELETE_TEMPLATE):
            templates = tuple(name for name in fleet.templates if name != action.group)
            groups = others if action.verb is ActionKind.DELETE else fleet.groups
            return replace(fleet, groups=groups, templates=templates)
        if action.verb is ActionKind.TAKE_OVER:
            return fleet  # the imagined group has all from the beginning
        if action.verb is ActionKind.CARRY_OVER:
            rules = next((one.rules for one in fleet.groups if one.name == action.source), "")
            return replace(
                fleet,
                groups=tuple(
                    replace(group, carried=rules) if group.name == action.group else group
                    for group in fleet.groups
                ),
            )
        change = EFFECTS.get(action.verb)
        groups = tuple(
            replace(group, **change(group, action))
            if change and group.name == action.group
            else group
            for group in fleet.groups
        )
        return replace(fleet, groups=groups)

    def _launched(self, action: Action) -> ServerGroup:
        target, image = self.swap.target, self.swap.image
        low, desired, high = action.size or (target.min_size, target.desired_size, target.max_size)
        return ServerGroup(
            name=action.group,
            version=image.release.version,
            image_id=image.image_id,
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


def _spoken(action: Action) -> str:
    size = "({1} machines, {0} to {2})".format(*action.size) if action.size else ""
    what = " ".join(word for word in (action.verb.value, action.group, size) if word)
    return f"{what}, because {action.reason}"
