"""What plans ask of server groups: who has the traffic, and what that takes."""

from __future__ import annotations

from slipway.fleet.goals import Action, ActionKind
from slipway.fleet.situation import Situation
from slipway.model.fleet import SCALING, Fleet, ServerGroup


def attached(groups: tuple[ServerGroup, ...]) -> tuple[ServerGroup, ...]:
    """Return the groups that the balancer knows."""
    return tuple(group for group in groups if group.attached)


def largest(groups: tuple[ServerGroup, ...]) -> ServerGroup | None:
    """Return the group that a successor is like, if there is one."""
    return max(groups, key=lambda one: one.desired, default=None)


def has_served_alone(group: ServerGroup | None) -> bool:
    """Say whether a group has served alone, and so has nothing to prove any more."""
    return group is not None and group.live_since is not None


def capacity_needed(situation: Situation) -> int:
    """Count the machines that it takes to stand in for what serves beside the release.

    All that serve, since after an interrupted swap it may be two groups; and at least what one
    of them wants, since a machine of it may be on its way back.
    """
    serving = situation.serving
    together = sum(group.serving for group in serving)
    return max(together, max((group.desired for group in serving), default=0))


def size_in_full(situation: Situation) -> tuple[int, int, int]:
    """Return min, desired and max of a group that takes over.

    It is as large as what serves. Where it brings sizes of its own it has those; only how many
    machines it wants follows the traffic where that has made the live group another size. On the
    way back it has no fewer than serve: nobody asked for less, and they may be needed.
    """
    target, present = situation.target, capacity_needed(situation)
    old = largest(situation.serving)
    asked = (target.min_size, target.desired_size, target.max_size)
    if old is None or not present:
        return asked
    if target.resized_from is None:
        return (min(old.min_size, present), present, max(old.max_size, present))
    if target.resized_back:
        enough = max(target.desired_size, present)
        return (target.min_size, enough, max(target.max_size, enough))
    if present == target.resized_from:
        return asked
    return (asked[0], min(max(present, asked[0]), asked[2]), asked[2])


def capacity_to_take_over(situation: Situation) -> int:
    """Count the machines that a group needs before what serves beside it may go."""
    if situation.target.resized_from is None or not situation.serving:
        return capacity_needed(situation)
    return size_in_full(situation)[1]


def resume_scaling(groups: tuple[ServerGroup, ...]) -> tuple[Action, ...]:
    """Give scaling back to groups, as far as Slipway held it."""
    why = "one group alone serves"
    return tuple(
        Action(verb=ActionKind.RESUME_SCALING, group=one.name, reason=why, processes=one.held)
        for one in groups
        if one.held
    )


def leave_standby(group: ServerGroup) -> tuple[Action, ...]:
    """Take the end off a standby, before anybody comes to retire it."""
    if group.standby_until is None:
        return ()
    why = "it is warm, and wanted again"
    return (Action(verb=ActionKind.WAKE, group=group.name, reason=why),)


def suspend_scaling(serving: tuple[ServerGroup, ...]) -> list[Action]:
    """Keep the live groups at their size; what somebody else suspended is left to them."""
    why = "the live group must not shrink or grow while two stand side by side"
    wanted = [(old, old.held or SCALING - old.suspended) for old in serving]
    return [
        Action(verb=ActionKind.SUSPEND_SCALING, group=old.name, reason=why, processes=processes)
        for old, processes in wanted
        if processes - old.suspended
    ]


def scale_up_to(group: ServerGroup, least: int) -> tuple[Action, ...]:
    """Make room for the traffic of now: a standby may be smaller, a live group may have grown."""
    if group.desired >= least:
        return ()
    size = (group.min_size, least, max(group.max_size, least))
    why = f"it takes {least} machines to carry the traffic"
    return (Action(verb=ActionKind.RESIZE, group=group.name, reason=why, size=size),)


def mark_live(group: ServerGroup, why: str, now: int) -> Action:
    """Note on a group since when it serves in full."""
    return Action(verb=ActionKind.MARK_LIVE, group=group.name, reason=why, at=now)


def serving_version(fleet: Fleet) -> str | None:
    """Return the release that serves and has proved itself.

    In the middle of a swap that is the old one.

    :param fleet: as observed.
    """
    proven = [group for group in attached(fleet.groups) if group.version and group.live_since]
    last = max(proven, key=lambda group: group.live_since or 0, default=None)
    return last.version if last else None
