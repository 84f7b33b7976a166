"""Every changing call of every scenario, times every fault."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from tests.faults.aws_call import Call
from tests.faults.case import NEVER_MADE, Case, Outcome, run_case
from tests.faults.faults import FAULTS, Fault, Strike
from tests.faults.lane import Lane
from tests.faults.scenarios import SCENARIOS, Scenario

_QUIET = Strike(fault=Fault.NONE, label="")


class Result(NamedTuple):
    """A case, what came of it, and how many seconds it took."""

    case: Case
    outcome: Outcome
    seconds: float


def record(lanes: Sequence[Lane], tell: Callable[[Result], None]) -> list[Result]:
    """Run every scenario without any fault, to learn its changes."""
    return run_cases(lanes, [Case(scenario=one, strike=_QUIET) for one in SCENARIOS], tell)


def cases_of(
    scenario: Scenario, calls: Sequence[Call], known: Collection[tuple[str, int]] = ()
) -> list[Case]:
    """List a scenario's cases: the matrix is complete because the calls were recorded.

    :param known: calls that need no case, since another scenario has them: label and turn.
    """
    turns: Counter[str] = Counter()
    cases = []
    for call in calls:
        turns[call.label] += 1
        if (call.label, turns[call.label]) in known:
            continue
        for fault in FAULTS:
            # Who takes the lease late takes it by right: it is refused to nobody when free.
            if fault is Fault.STALE and call.of_lease:
                continue
            strike = Strike(fault=fault, label=call.label, turn=turns[call.label])
            cases.append(Case(scenario=scenario, strike=strike))
    return cases


def matrix(recorded: Sequence[Result], *, seed: int, only: str = "") -> list[Case]:
    """Return all cases in a random order, a scenario at a time.

    :param only: words, divided by commas, of which a case's name has to contain one.
    """
    chance = random.Random(seed)
    scenarios = sorted(recorded, key=lambda one: SCENARIOS.index(one.case.scenario))
    cases: list[Case] = []
    plain = next((one for one in recorded if one.case.scenario is SCENARIOS[0]), None)
    swapped = cases_of(SCENARIOS[0], plain.outcome.calls) if plain else []
    known = {(one.strike.label, one.strike.turn) for one in swapped}
    for found in scenarios:
        less = known if found.case.scenario.varied else set[tuple[str, int]]()
        some = cases_of(found.case.scenario, found.outcome.calls, less)
        chance.shuffle(some)
        cases += some
    wanted = [word for word in only.split(",") if word]
    return [one for one in cases if not wanted or any(word in one.words for word in wanted)]


def sample(cases: Sequence[Case], *, seed: int) -> list[Case]:
    """Choose a case for each fault."""
    chance = random.Random(seed)
    return [chance.choice([one for one in cases if one.strike.fault is fault]) for fault in FAULTS]


def run_cases(
    lanes: Sequence[Lane], cases: Sequence[Case], tell: Callable[[Result], None]
) -> list[Result]:
    """Run cases side by side, each lane one at a time.

    :param tell: hears of each as it ends.
    """
    queue: SimpleQueue[tuple[int, Case]] = SimpleQueue()
    for numbered in enumerate(cases):
        queue.put(numbered)
    results: list[Result] = []

    def work(lane: Lane) -> None:
        while True:
            try:
                number, case = queue.get_nowait()
            except Empty:
                return
            result = _timed(lane, case, number)
            if result.outcome.broken == [NEVER_MADE]:
                # A busy machine: an innocent question timed out first. It counts when it is met.
                result = _timed(lane, case, number + len(cases))
            results.append(result)
            tell(result)

    threads = [threading.Thread(target=work, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _timed(lane: Lane, case: Case, number: int) -> Result:
    began = time.monotonic()
    name = f"{case.scenario.name}-{case.strike.fault.name}-{number}".replace(" ", "-").lower()
    try:
        outcome = run_case(lane, case, name)
    except Exception as error:
        lane.clear()
        outcome = Outcome(broken=[f"could not be run: {error!r}"])
    return Result(case, outcome, time.monotonic() - began)


def prepare(folder: Path) -> None:
    """Give the processes under test an Airflow of their own."""
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(dir=folder))
