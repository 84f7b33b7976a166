"""The way back: a failed release leaves, the one before it serves on."""

from __future__ import annotations

from slipway.fleet.capacity import leave_standby, resume_scaling
from slipway.fleet.goals import Action, ActionKind, Plan
from slipway.fleet.situation import Situation
from slipway.model.fleet import ServerGroup


def roll_back(situation: Situation) -> Plan:
    """Decide how a release leaves.

    Nothing is taken out of traffic while nothing else serves, and a release that served alone
    before is not removed by a swap that changed nothing.

    :param situation: the world, and the failed release.
    """
    group, name = situation.new, situation.name
    back = _restore_previous(situation.serving)
    if group is None:
        return Plan(actions=(*back, *_template(situation)))
    if group.attached:
        return _out_of_traffic(situation, group)
    if group.draining:
        return Plan(waiting=f"{name} is draining")
    if group.standby_until is not None:
        return Plan(actions=back, note=f"{name} was retired in good order: it is a standby")
    if kept := _keep_one(situation, group):
        return Plan(actions=(*back, *kept))
    if leaving := _leaving(situation, group):
        return Plan(waiting=f"{leaving} is leaving {name}")
    failed = Action(verb=ActionKind.DELETE, group=name, reason="its release failed")
    return Plan(actions=(*back, failed))


def _out_of_traffic(situation: Situation, group: ServerGroup) -> Plan:
    before = situation.serving
    healthy = sum(old.serving for old in before)
    if healthy and (not group.serving or healthy >= _capacity_to_replace(group, before)):
        return _detach(group, f"{healthy} machines of the release before it serve")
    if healthy:
        return _scale_up_previous(group, before)
    if group.serving and group.live_since is not None:
        return _keep_serving(group, before, "it served before this swap began")
    if before and not any(old.desired for old in before):
        return _from_nothing(group, before)
    if before:
        names = ", ".join(old.name for old in before)
        return Plan(waiting=f"{names} is not in service, so {group.name} stays in traffic")
    if situation.standbys:
        return _let_standby_in(situation.standbys[0], beside=group)
    if group.serving or group.live_since is not None:
        return _keep_serving(group, before, "without it nothing would serve")
    return _detach(group, "none of its machines serves, and nothing served before it")


def _let_standby_in(warm: ServerGroup, *, beside: ServerGroup) -> Plan:
    why = "it served before, and is still warm"
    source = beside.name if beside.further else None
    attach = Action(verb=ActionKind.ATTACH, group=warm.name, reason=why, source=source)
    return Plan(actions=(attach,))


def _from_nothing(group: ServerGroup, before: tuple[ServerGroup, ...]) -> Plan:
    """Go back to what was scaled to nothing, by hand or for the night: it is waited for in vain."""
    if group.serving:
        return _scale_up_previous(group, before)
    if group.live_since is None:
        return _detach(group, "none of its machines serves, and nothing was meant to before it")
    return _keep_serving(group, before, "nothing else is meant to serve")


def _keep_serving(group: ServerGroup, before: tuple[ServerGroup, ...], why: str) -> Plan:
    """Leave the release where it is; what its swap held is given back."""
    return Plan(actions=_restore_previous((group, *before)), note=f"{group.name} stays: {why}")


def _capacity_to_replace(group: ServerGroup, before: tuple[ServerGroup, ...]) -> int:
    """Count the machines without which the way back would cost capacity.

    As many as the failed release serves with now, for the traffic may have grown since it came;
    and all that the release before it wants, for it served with them.
    """
    return max(group.serving, *(old.desired for old in before))


def _scale_up_previous(group: ServerGroup, before: tuple[ServerGroup, ...]) -> Plan:
    """Bring the release before it up to today's traffic first."""
    wanted = _capacity_to_replace(group, before)
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
    return Plan(actions=(Action(verb=ActionKind.RESIZE, group=old.name, reason=why, size=size),))


def _detach(group: ServerGroup, why: str) -> Plan:
    return Plan(actions=(Action(verb=ActionKind.DETACH, group=group.name, reason=why),))


def _restore_previous(serving: tuple[ServerGroup, ...]) -> tuple[Action, ...]:
    """What serves alone again scales again, and is nobody's standby."""
    awake = [action for group in serving for action in leave_standby(group)]
    return (*awake, *resume_scaling(serving))


def _keeps_one(situation: Situation) -> bool:
    """One ill machine stays for somebody to look at, if there is one."""
    return situation.target.keep_failed > 0 and situation.ill != ()


def _keep_one(situation: Situation, group: ServerGroup) -> tuple[Action, ...]:
    """Take one ill machine out of the group before that is deleted, unless one was taken out."""
    if not _keeps_one(situation):
        return ()
    # Auto Scaling lets nothing go that is on its way in or out.
    up = [one.instance_id for one in group.machines if one.up]
    kept = _kept(situation)
    if kept and not any(one in up for one in kept):
        return ()
    ill = up if situation.ill is None else [one for one in up if one in situation.ill]
    # One that has its tag already was on its way out when a task was killed.
    ill = [one for one in kept if one in up] or ill
    if not ill:
        return ()
    seconds = situation.target.keep_failed
    until = situation.now + int(seconds)
    why = f"its release failed, and it is kept {seconds:.0f} s for somebody to look at"
    verb = ActionKind.KEEP_FAILED
    return (Action(verb=verb, group=group.name, reason=why, machine=ill[0], at=until),)


def _kept(situation: Situation) -> list[str]:
    """List the release's machines that have their tag, and stay."""
    kept = situation.fleet.kept
    return [
        one.instance_id
        for one in kept
        if one.version == situation.version and one.until > situation.now
    ]


def _leaving(situation: Situation, group: ServerGroup) -> str:
    """Name a machine that has its tag and is still about to leave the group."""
    kept = _kept(situation)
    inside = (one.instance_id for one in group.machines if one.instance_id in kept)
    return next(inside, "") if _keeps_one(situation) else ""


def _template(situation: Situation) -> tuple[Action, ...]:
    name = situation.name
    if name not in situation.fleet.orphans:
        return ()
    why = "no group needs it: its launch was interrupted, or its removal"
    return (Action(verb=ActionKind.DELETE_TEMPLATE, group=name, reason=why),)
