"""The next actions, from what is seen and what is wanted. Pure: it asks nobody.

Because it starts from the world as it is, a swap that was interrupted anywhere goes on from
there; a second run of a finished swap has nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slipway.fleet.target import FleetTarget
from slipway.hooks.fleet_view import SCALING, Fleet, ServerGroup


class Wish(StrEnum):
    """How far the environment should have come."""

    LAUNCHED = "launched"
    IN_TRAFFIC = "in traffic"
    OLD_RETIRED = "old retired"
    ROLLED_BACK = "rolled back"
    STANDBYS_RETIRED = "standbys retired"


class Verb(StrEnum):
    """One change of the world."""

    LAUNCH = "launch"
    ATTACH = "attach"
    DETACH = "detach"
    SUSPEND_SCALING = "suspend scaling of"
    RESUME_SCALING = "resume scaling of"
    KEEP_WARM = "keep warm"
    WAKE = "take out of standby"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One call, and why.

    :param group: the server group's name.
    :param size: min, desired and max of a launch.
    :param until: seconds since 1970, of a standby.
    """

    verb: Verb
    group: str
    reason: str
    size: tuple[int, int, int] | None = None
    until: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to do now; with neither actions nor a wait, the wish is fulfilled."""

    actions: tuple[Action, ...] = ()
    waiting: str = ""

    @property
    def done(self) -> bool:
        """Nothing is left to do or to wait for."""
        return not self.actions and not self.waiting


def plan(
    fleet: Fleet, wish: Wish, *, target: FleetTarget, version: str, name: str, now: int
) -> Plan:
    """Decide what comes next.

    :param fleet: the world.
    :param wish: what is wanted of it.
    :param version: the release that the wish is about.
    :param name: its server group's name.
    :param now: seconds since 1970.
    """
    group, others = fleet.of(version), fleet.others(version)
    if wish is Wish.STANDBYS_RETIRED:
        return _retire_standbys(fleet.groups, now)
    if wish is Wish.LAUNCHED:
        return _launch(group, others, target, name)
    if wish is Wish.ROLLED_BACK:
        return _roll_back(group, others)
    if group is None:
        return Plan(waiting=f"{name} is not there")
    if wish is Wish.IN_TRAFFIC:
        return _attach(group)
    return _retire_old(group, others, target, now)


def live(groups: tuple[ServerGroup, ...]) -> tuple[ServerGroup, ...]:
    """Return the groups that the balancer knows."""
    return tuple(group for group in groups if group.attached)


def _launch(
    group: ServerGroup | None, others: tuple[ServerGroup, ...], target: FleetTarget, name: str
) -> Plan:
    actions = []
    serving = live(others)
    if group is None:
        actions.append(_launch_beside(serving, target, name))
    elif group.standby_until is not None:
        why = "this release is still warm: it need not be launched again"
        actions.append(Action(verb=Verb.WAKE, group=group.name, reason=why))
    for old in serving:
        if not old.suspended >= SCALING:
            why = "the live group must not shrink or grow while two stand side by side"
            actions.append(Action(verb=Verb.SUSPEND_SCALING, group=old.name, reason=why))
    return Plan(actions=tuple(actions))


def _launch_beside(serving: tuple[ServerGroup, ...], target: FleetTarget, name: str) -> Action:
    """The new group is as large as the live one is now, not as it was configured once."""
    present = max((max(old.desired, old.serving) for old in serving), default=0)
    if present:
        old = max(serving, key=lambda one: one.desired)
        size = (min(old.min_size, present), present, max(old.max_size, present))
        why = f"{present} machines serve now in {old.name}"
    else:
        size = (target.min_size, target.desired_size, target.max_size)
        why = f"nothing serves yet, and the project file asks for {target.desired_size}"
    return Action(verb=Verb.LAUNCH, group=name, reason=why, size=size)


def _attach(group: ServerGroup) -> Plan:
    if group.attached:
        return Plan()
    why = "each of its machines is healthy when asked directly"
    return Plan(actions=(Action(verb=Verb.ATTACH, group=group.name, reason=why),))


def _retire_old(
    group: ServerGroup, others: tuple[ServerGroup, ...], target: FleetTarget, now: int
) -> Plan:
    if not (group.attached and group.complete and group.serving >= group.desired):
        return Plan(waiting=f"{group.serving} of {group.desired} machines of {group.name} serve")
    attached = live(others)
    if attached:
        why = f"{group.name} serves with {group.serving} machines"
        return Plan(
            actions=tuple(Action(verb=Verb.DETACH, group=old.name, reason=why) for old in attached)
        )
    leaving = [old for old in others if old.draining]
    if leaving:
        return Plan(waiting=f"{', '.join(old.name for old in leaving)} is draining")
    actions = [_let_go(old, target, now) for old in others if _is_due(old, now)]
    if group.suspended & SCALING:
        why = "it serves alone now"
        actions.append(Action(verb=Verb.RESUME_SCALING, group=group.name, reason=why))
    return Plan(actions=tuple(actions))


def _is_due(old: ServerGroup, now: int) -> bool:
    return old.version is not None and (old.standby_until is None or old.standby_until <= now)


def _let_go(old: ServerGroup, target: FleetTarget, now: int) -> Action:
    if old.standby_until is None and target.keep_old > 0 and old.complete:
        until = now + int(target.keep_old)
        why = f"kept {target.keep_old:.0f} s for a fast way back"
        return Action(verb=Verb.KEEP_WARM, group=old.name, reason=why, until=until)
    return Action(verb=Verb.DELETE, group=old.name, reason="drained, and no longer kept")


def _roll_back(group: ServerGroup | None, others: tuple[ServerGroup, ...]) -> Plan:
    serving = live(others)
    healthy = sum(old.serving for old in serving)
    if group is None:
        return Plan(actions=_resumed(serving))
    if group.attached and not healthy:
        return _back_to_standby(others)
    if group.attached:
        why = f"{healthy} machines of the release before it serve"
        return Plan(actions=(Action(verb=Verb.DETACH, group=group.name, reason=why),))
    if group.draining:
        return Plan(waiting=f"{group.name} is draining")
    failed = Action(verb=Verb.DELETE, group=group.name, reason="its release failed")
    return Plan(actions=(*_resumed(serving), failed))


def _back_to_standby(others: tuple[ServerGroup, ...]) -> Plan:
    """Nothing else serves: let the last good release in, if it is still warm."""
    coming = [old for old in others if old.attached]
    if coming:
        return Plan(waiting=f"{coming[0].name} is not in service yet")
    warm = [old for old in others if old.complete and old.standby_until is not None]
    if not warm:
        # Alone it may be bad, but taking it away would leave nothing at all.
        return Plan()
    last = max(warm, key=lambda old: old.standby_until or 0)
    why = "it served before, and is still warm"
    return Plan(actions=(Action(verb=Verb.ATTACH, group=last.name, reason=why),))


def _resumed(serving: tuple[ServerGroup, ...]) -> tuple[Action, ...]:
    why = "it serves alone again"
    return tuple(
        Action(verb=Verb.RESUME_SCALING, group=old.name, reason=why)
        for old in serving
        if old.suspended & SCALING
    )


def _retire_standbys(groups: tuple[ServerGroup, ...], now: int) -> Plan:
    due = [
        group
        for group in groups
        if not group.attached and group.standby_until is not None and group.standby_until <= now
    ]
    why = "its time as a standby is over"
    return Plan(actions=tuple(Action(verb=Verb.DELETE, group=old.name, reason=why) for old in due))
