"""Pipelines that note what began."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.pipeline.runtime.result import PipelineResult
    from tests.slipway.pipeline.runtime.runner.cases import Case

ON_FAILURE, ALWAYS = "when: {status: [failure]}", "when: {status: [success, failure]}"
APART = "depends_on: [clone]"


class Begun(threading.Event):
    """Set as soon as another container has begun."""

    def __init__(self, made: list[Case], name: str) -> None:
        super().__init__()
        self._made, self._name = made, name

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        return f"start {self._name}" in self._made[0].engine.events


class Known(threading.Event):
    """Set as soon as the run knows of a failure, or of an early end."""

    def __init__(self, made: list[Case]) -> None:
        super().__init__()
        self._made = made

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        schedule = self._made[0].runner._steps._schedule
        return bool(schedule.failed or schedule._ended_early)


def outcome(result: PipelineResult) -> dict[str, str]:
    return {step.name: step.state for step in result.steps}


def images(**named: str) -> str:
    found = [name.partition("__") for name in named]
    return "steps:\n" + "".join(
        f"- {{name: {name}, image: {image or 'i'}, {more}}}\n"
        for (name, _, image), more in zip(found, named.values(), strict=True)
    )
