"""What a swap would do: the fleet's own plan, played through on a copy of what was seen.

Nothing here can reach a cloud. Each action is imagined to succeed and each wait to end well, so
a forecast is the swap that everybody hopes for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from slipway.fleet.capacity import has_served_alone
from slipway.fleet.goals import Action, Goal
from slipway.fleet.imagination import imagine
from slipway.fleet.plan import plan
from slipway.fleet.situation import Situation
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
# A plan comes to its end in a few steps.
_MOST_STEPS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """One line of a forecast.

    :param said: the line, for people.
    :param action: None for what changes nothing: a gate, a remark, the reason why it is stuck.
    """

    said: str
    action: Action | None = None


def forecast(situation: Situation) -> Iterator[Foreseen]:
    """Play a swap through.

    :param situation: the world as it is, and how far the release is to come.
    """
    fleet = situation.fleet
    for goal, gate in _way(situation):
        seen: list[Action] = []
        step = replace(situation, fleet=fleet, goal=goal)
        for _ in range(_MOST_STEPS):
            ahead = plan(step)
            if ahead.blocked:
                yield Foreseen(said=f"cannot go on: {ahead.blocked}")
                return
            fresh = [action for action in ahead.actions if action not in seen]
            yield from (Foreseen(said=_spoken(action), action=action) for action in fresh)
            if ahead.done and ahead.note and not seen:
                yield Foreseen(said=f"nothing to do: {ahead.note}")
            if ahead.done or (ahead.actions and not fresh):
                break
            seen += fresh
            step = imagine(step, fresh)
        fleet = step.fleet
        if gate:
            yield Foreseen(said=gate.format(**_limits(situation.target)))
        if goal is situation.goal:
            return


def _way(situation: Situation) -> Iterator[tuple[Goal, str]]:
    if has_served_alone(situation.new):
        yield from {**_WAY, Goal.IN_TRAFFIC: _UNWATCHED}.items()
        return
    if situation.target.canary:
        yield from _CANARY
    yield from _WAY.items()


def _limits(target: DeployTarget) -> dict[str, float]:
    canary = target.canary.soak if target.canary else 0.0
    return {"health": target.health_timeout, "soak": target.soak, "canary": canary}


def _spoken(action: Action) -> str:
    size = "({1} machines, {0} to {2})".format(*action.size) if action.size else ""
    what = " ".join(word for word in (action.verb.value, action.group, size) if word)
    return f"{what}, because {action.reason}"
