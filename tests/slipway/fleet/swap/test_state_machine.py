"""The model checker of the swap, and the broken swaps that it must catch.

``SLIPWAY_MODEL_STEPS=10000`` makes it go on until Slipway has done that many steps of its own.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.fleet.swap import Swap
from slipway.model.fleet import Fleet
from tests.slipway.fleet.swap.fleet_machine import FleetMachine

STEPS = int(os.environ.get("SLIPWAY_MODEL_STEPS", "0"))
BRIEF = settings(
    max_examples=300,
    stateful_step_count=60,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=not STEPS,
)


def test_nothing_that_happens_hurts() -> None:
    FleetMachine.steps = 0
    while True:
        run_state_machine_as_test(FleetMachine, settings=BRIEF)
        if FleetMachine.steps >= STEPS:
            break
    print(f"steps of Slipway in the model: {FleetMachine.steps}")
    assert FleetMachine.steps > 1000


class _Hasty(Swap):
    """Takes the old one out as soon as the new one is in, healthy or not."""

    def plan(self, fleet: Fleet, wish: Goal) -> Plan:
        step = super().plan(fleet, wish)
        if wish is not Goal.IN_TRAFFIC:
            return step
        old = [one for one in fleet.others(self.image.release.version) if one.attached]
        out = (Action(verb=ActionKind.DETACH, group=one.name, reason="") for one in old)
        return replace(step, actions=(*step.actions, *out))


class _Impatient(Swap):
    """Deletes what still drains."""

    def plan(self, fleet: Fleet, wish: Goal) -> Plan:
        step = super().plan(fleet, wish)
        if "draining" not in step.waiting:
            return step
        old = [one for one in fleet.others(self.image.release.version) if not one.attached]
        return Plan(
            actions=tuple(Action(verb=ActionKind.DELETE, group=one.name, reason="") for one in old)
        )


class _Headlong(Swap):
    """Rolls back whatever the old group can carry."""

    def plan(self, fleet: Fleet, wish: Goal) -> Plan:
        step = super().plan(fleet, wish)
        if wish is not Goal.ROLLED_BACK or "stays" not in step.waiting:
            return step
        return Plan(actions=(Action(verb=ActionKind.DETACH, group=self.name, reason=""),))


class _Untidy(Swap):
    """Leaves what it did not launch itself."""

    def plan(self, fleet: Fleet, wish: Goal) -> Plan:
        step = super().plan(fleet, wish)
        kept = tuple(one for one in step.actions if one.verb is not ActionKind.RESUME_SCALING)
        return replace(step, actions=kept)


class _Proud(Swap):
    """Takes a canary for a fleet: sees no more of the old one than it has machines itself."""

    def plan(self, fleet: Fleet, wish: Goal) -> Plan:
        group = fleet.of(self.image.release.version)
        if group is None or not group.attached or wish not in (Goal.LAUNCHED, Goal.OLD_RETIRED):
            return super().plan(fleet, wish)
        few = group.desired
        groups = (
            one
            if one.version == group.version
            else replace(one, desired=min(one.desired, few), machines=one.machines[:few])
            for one in fleet.groups
        )
        return super().plan(replace(fleet, groups=tuple(groups)), wish)


@pytest.mark.parametrize("kind", [_Hasty, _Impatient, _Headlong, _Untidy, _Proud])
def test_a_broken_plan_is_caught(kind: type[Swap]) -> None:
    broken = type("Broken", (FleetMachine,), {"kind": kind})
    _is_caught(broken)


def test_a_missing_fence_is_caught() -> None:
    _is_caught(type("Fenceless", (FleetMachine,), {"fenced": False}))


def _is_caught(machine: type[FleetMachine]) -> None:
    quick = settings(BRIEF, phases=[Phase.generate], max_examples=2000, derandomize=True)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=quick)
