"""Runs steps in the order of their graph; what does not wait for each other runs side by side."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import StrEnum
from typing import TYPE_CHECKING

from slipway.facts import StepReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from slipway.pipeline.spec import StepSpec

SIDE_BY_SIDE = 8


class State(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    KILLED = "killed"


def run_graph(
    steps: Sequence[StepSpec],
    run: Callable[[StepSpec], StepReport],
    *,
    stop: Callable[[], None],
) -> list[StepReport]:
    """Run every step after those that it depends on.

    A step is skipped when one that it depends on was skipped, or failed without being allowed to.

    :param steps: without cycles or unknown names.
    :param run: runs one step, in a thread of its own; a failed step is an answer. When it raises,
        nothing more is started.
    :param stop: called then, and when the caller's thread is interrupted; makes ``run`` return.
    :returns: the reports, in the order of ``steps``.
    """
    reports: dict[str, StepReport] = {}
    waiting = list(steps)
    running: dict[Future[StepReport], StepSpec] = {}
    with ThreadPoolExecutor(max_workers=min(SIDE_BY_SIDE, len(steps))) as pool:
        try:
            while waiting or running:
                waiting = _skip(steps, waiting, reports)
                for step in [s for s in waiting if reports.keys() >= set(s.depends_on)]:
                    waiting.remove(step)
                    running[pool.submit(run, step)] = step
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    report = future.result()
                    reports[running.pop(future).name] = report
        except BaseException:
            stop()
            raise
    return [reports[step.name] for step in steps]


def breaks(step: StepSpec, report: StepReport) -> bool:
    """Tell whether a step's outcome stops what depends on it."""
    return report.state != State.PASSED and not (
        step.ignore_failure and report.state == State.FAILED
    )


def _skip(
    steps: Iterable[StepSpec], waiting: list[StepSpec], reports: dict[str, StepReport]
) -> list[StepSpec]:
    """Report the steps that can no longer run, and return the others."""
    broken = {s.name for s in steps if s.name in reports and breaks(s, reports[s.name])}
    while out := [step for step in waiting if broken.intersection(step.depends_on)]:
        for step in out:
            broken.add(step.name)
            reports[step.name] = StepReport(
                name=step.name, image=step.image, state=State.SKIPPED, seconds=0.0
            )
        waiting = [step for step in waiting if step not in out]
    return waiting
