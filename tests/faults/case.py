"""One case: a start, a run that goes wrong, one retry, a third run; and what must be true of it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field

from tests.faults.aws_call import Call
from tests.faults.faults import Fault, Strike
from tests.faults.inventory import untouched
from tests.faults.lane import SIZE, Lane, Run
from tests.faults.lease_check import refused, token
from tests.faults.order import DONE, SECRET, Order
from tests.faults.scenarios import Scenario
from tests.faults.verdict import Expected, broken_at_the_end
from tests.faults.watch import Watch

# Whoever is struck like this cannot give the lease back any more.
NEVER_MADE = "the call was never made"
_IN_THE_MIDDLE = (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.STALE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A scenario, and what goes wrong in it."""

    scenario: Scenario
    strike: Strike

    @property
    def words(self) -> str:
        """Its name, for people."""
        turn = f" #{self.strike.turn}" if self.strike.turn > 1 else ""
        return f"{self.scenario.name} | {self.strike.label}{turn} | {self.strike.fault.value}"


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What came of a case.

    :param broken: the invariants that did not hold, in words.
    :param calls: the changes of the first run.
    """

    broken: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    visits: int = 0
    looks: int = 0


def run_case(lane: Lane, case: Case, name: str) -> Outcome:
    """Run one case in an environment.

    :param name: of the folder with its logs.
    """
    scenario, outcome = case.scenario, Outcome()
    lane.establish(scenario, name)
    version = lane.standby if scenario.standby else lane.next_version(bad=scenario.bad)
    before = untouched()
    with Watch(lane.target_group, lane.listener) as watch:
        expected = _three_runs(lane, case, name, version, outcome)
        outcome.broken += broken_at_the_end(lane, expected)
    outcome.visits, outcome.looks = watch.visits, watch.looks
    if watch.least is None or watch.least < SIZE:
        outcome.broken.append(f"only {watch.least} of {SIZE} machines were in service")
    if changed := {kind for kind, names in untouched().items() if names != before[kind]}:
        outcome.broken.append(f"there are other {', '.join(sorted(changed))} than before")
    if watch.failures:
        outcome.broken.append(f"{len(watch.failures)} requests failed: {watch.failures[0]}")
    good = {lane.live} if scenario.bad else {lane.live, version}
    if odd := watch.served - good:
        outcome.broken.append(f"visitors were served by {odd}")
    if SECRET in (lane.folder / name / "log").read_text(errors="replace"):
        outcome.broken.append("a secret stands in the log")
    _remember(lane, expected, outcome)
    return outcome


def _three_runs(lane: Lane, case: Case, name: str, version: str, outcome: Outcome) -> Expected:
    scenario, fault = case.scenario, case.strike.fault

    def order(steps: tuple[str, ...]) -> Order:
        return lane.order(steps, version, name, keep_old=scenario.keep_old, canary=scenario.canary)

    first = lane.run(order(scenario.steps), case.strike)
    outcome.calls = list(lane.proxy.calls)
    if fault is not Fault.NONE and not lane.proxy.struck:
        outcome.broken.append(NEVER_MADE)
    if first.status == 1:
        outcome.broken.append("the first run crashed")
    stale = token(lane)
    if stale is None and fault in _IN_THE_MIDDLE and not case.strike.label.endswith("(lease)"):
        outcome.broken.append("nobody held the lease")
    steps = scenario.after(first.status, first.begun, fault)
    retry = lane.run(order(steps))
    if retry.status != DONE:
        outcome.broken.append(f"the retry did not succeed: {retry.status} in {retry.begun}")
    back = "roll_back" in steps
    third = lane.run(order(("roll_back",) if back else scenario.again))
    outcome.broken += _nothing_done(lane, third)
    outcome.broken += _stale_refused(lane, first, stale)
    return Expected(
        version=lane.live if back or scenario.stays else version, image_id=lane.image_id
    )


def _nothing_done(lane: Lane, third: Run) -> list[str]:
    broken = [] if third.status == DONE else [f"the third run did not succeed: {third.status}"]
    if done := [call.label for call in lane.proxy.calls if not call.of_lease]:
        broken.append(f"the third run changed something: {done}")
    return broken


def _stale_refused(lane: Lane, first: Run, stale: str | None) -> list[str]:
    """Who lost the lease is refused, also one that only slept."""
    broken = [] if stale is None or refused(lane, stale) else ["an old token was accepted"]
    if first.process.is_alive():
        before = len(lane.proxy.calls)
        os.kill(first.process.pid, signal.SIGCONT)
        first.process.join(30)
        if first.process.is_alive():
            first.process.kill()
            broken.append("the stale try did not end")
        if done := [call.label for call in lane.proxy.calls[before:]]:
            broken.append(f"the stale try changed something: {done}")
    return broken


def _remember(lane: Lane, expected: Expected, outcome: Outcome) -> None:
    """Note where the environment stands; after a failure it is made anew."""
    if outcome.broken:
        lane.clear()
    else:
        lane.standby = expected.standby
        lane.live = expected.version
