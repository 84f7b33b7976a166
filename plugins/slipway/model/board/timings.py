"""Where the time of a run went: its steps one below the other, and how they change over runs.

Pure: made of the times that Airflow keeps of its tasks.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# What a step waits for, where that is most of its time, by the last part of its name.
_WAITS = {
    "fleet_healthy": "boot and health checks",
    "fleet_in_service": "health checks of the load balancer",
    "canary_healthy": "boot and health checks",
    "canary_in_service": "health checks of the load balancer",
    "canary_soak": "the soak",
    "soak": "the soak",
    "retire_old": "the old machines' drain",
    "approve": "a person",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTime:
    """One task of a run.

    :param task_id: the task's id.
    :param state: Airflow's word.
    :param began: seconds since 1970; 0 for never.
    :param ended: likewise.
    :param tries: how often it was tried.
    """

    task_id: str
    state: str
    began: float
    ended: float
    tries: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTime:
    """One run.

    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param state: Airflow's word.
    :param asked: when it was asked for, by a push or a person; seconds since 1970.
    :param steps: in any order.
    """

    dag_id: str
    run_id: str
    state: str
    asked: float
    steps: tuple[StepTime, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One step in the waterfall; seconds from when the run was asked for.

    :param task_id: the task's id.
    :param state: Airflow's word.
    :param begin: when it began.
    :param after: the step whose end it followed most closely; empty for the first ones.
    :param wait: from then until it began.
    :param seconds: that it took.
    :param waits_for: what it waits for itself, in words; empty where it works.
    :param tries: how often it was tried.
    :param critical: no other one ended later before what came after it: it held up the whole run.
    """

    task_id: str
    state: str
    begin: float
    seconds: float
    after: str
    wait: float
    waits_for: str
    tries: int
    critical: bool

    @property
    def end(self) -> float:
        """When it ended."""
        return self.begin + self.seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Waterfall:
    """One run from its push to its end.

    :param dag_id: the DAG's id.
    :param run_id: the run's id.
    :param state: Airflow's word.
    :param total: seconds from when it was asked for until its last step ended.
    :param idle: seconds of these in which no step was at work.
    :param bars: in the order in which they began.
    """

    dag_id: str
    run_id: str
    state: str
    total: float
    idle: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """One step over many runs.

    :param task_id: the task's id.
    :param runs: in which it came to its end.
    :param median: seconds.
    :param least: seconds, of the quickest run.
    :param most: seconds, of the slowest run.
    :param change: of the newer half's median beside the older half's: 0.25 is a quarter slower.
        None for fewer than four runs.
    """

    task_id: str
    runs: int
    median: float
    least: float
    most: float
    change: float | None


def waterfall(run: RunTime) -> Waterfall:
    """Put the steps of a run below one another.

    A step that Airflow skipped, or that has not ended, has no time and is left out. Arrows are not
    asked for: a step followed the one that ended last before it began.

    :param run: with its steps.
    """
    steps = sorted(
        (one for one in run.steps if one.began and one.ended and one.state != "skipped"),
        key=lambda one: (one.began, one.ended, one.task_id),
    )
    before = {one.task_id: _before(one, steps) for one in steps}
    critical = _critical(steps, before)
    bars = [_bar(one, before[one.task_id], run.asked, one.task_id in critical) for one in steps]
    total = max((bar.end for bar in bars), default=0.0)
    return Waterfall(
        dag_id=run.dag_id,
        run_id=run.run_id,
        state=run.state,
        total=total,
        idle=total - _busy(bars),
        bars=tuple(bars),
    )


def trends(runs: Sequence[RunTime]) -> list[Trend]:
    """Tell how each step's time changed, in the order in which the steps begin.

    Runs that failed are left out: what they took says nothing. The last one, without a name, is
    the time of the whole run.

    :param runs: the newest first.
    """
    falls = [waterfall(run) for run in runs if run.state == "success"]
    falls = [fall for fall in falls if fall.bars]
    seconds: dict[str, list[float]] = {}
    begins: dict[str, list[float]] = {}
    for fall in falls:
        for bar in fall.bars:
            seconds.setdefault(bar.task_id, []).append(bar.seconds)
            begins.setdefault(bar.task_id, []).append(bar.begin)
    order = sorted(seconds, key=lambda name: (statistics.median(begins[name]), name))
    found = [_trend(name, seconds[name]) for name in order]
    return [*found, _trend("", [fall.total for fall in falls])] if falls else []


def _before(step: StepTime, steps: Iterable[StepTime]) -> StepTime | None:
    ended = [one for one in steps if one is not step and one.ended <= step.began]
    return max(ended, key=lambda one: (one.ended, one.task_id), default=None)


def _critical(steps: Sequence[StepTime], before: dict[str, StepTime | None]) -> set[str]:
    """Go back from the step that ended last, each time to the one that it followed."""
    found: set[str] = set()
    at = max(steps, key=lambda one: one.ended, default=None)
    while at and at.task_id not in found:
        found.add(at.task_id)
        at = before[at.task_id]
    return found


def _bar(step: StepTime, before: StepTime | None, asked: float, critical: bool) -> Bar:
    ready = before.ended if before else asked
    return Bar(
        task_id=step.task_id,
        state=step.state,
        begin=step.began - asked,
        # Two clocks may differ by a little.
        seconds=max(0.0, step.ended - step.began),
        after=before.task_id if before else "",
        wait=max(0.0, step.began - ready),
        waits_for=_WAITS.get(step.task_id.rpartition(".")[2].rstrip("_0123456789"), ""),
        tries=step.tries,
        critical=critical,
    )


def _busy(bars: Iterable[Bar]) -> float:
    busy = reached = 0.0
    for bar in bars:
        busy += max(0.0, bar.end - max(bar.begin, reached))
        reached = max(reached, bar.end)
    return busy


def _trend(name: str, seconds: list[float]) -> Trend:
    half = len(seconds) // 2
    change = None
    if half > 1 and (older := statistics.median(seconds[-half:])) > 0:
        change = statistics.median(seconds[:half]) / older - 1
    return Trend(
        task_id=name,
        runs=len(seconds),
        median=statistics.median(seconds),
        least=min(seconds),
        most=max(seconds),
        change=change,
    )
