"""How pipelines ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.exceptions import TestsFailed
from slipway.pipeline.junit import Reports, read_reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.facts import StepReport


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    """What the runner found.

    :param name: the pipeline's.
    :param steps: in the order of the pipeline file.
    :param seconds: the whole run.
    :param broken: the steps that failed without being allowed to.
    :param tails: the last lines of each step that ran.
    :param collected: path in the workspace -> a tar of what was there.
    :param note: why the pipeline did not run.
    """

    name: str
    steps: tuple[StepReport, ...]
    seconds: float
    broken: tuple[str, ...] = ()
    tails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    collected: Mapping[str, bytes] = field(default_factory=dict)
    note: str = ""

    @property
    def state(self) -> str:
        """Return how the pipeline ended, as a :class:`~slipway.pipeline.schedule.State`."""
        if self.note:
            return "skipped"
        return "failed" if self.broken else "passed"

    def failures(self) -> list[str]:
        """Describe each step that failed: its exit code and its last lines."""
        return [self._describe(step) for step in self.steps if step.name in self.broken]

    def _describe(self, step: StepReport) -> str:
        tail = "".join(f"\n    {line}" for line in self.tails.get(step.name, ()))
        return f"step {step.name!r} failed with exit code {step.exit_code}{tail}"


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What became of every pipeline of a file.

    :param pipelines: in the order of the file.
    :param seconds: the whole run.
    """

    pipelines: tuple[PipelineResult, ...]
    seconds: float

    @property
    def steps(self) -> tuple[StepReport, ...]:
        """Every step of every pipeline that ran."""
        return tuple(step for pipeline in self.pipelines for step in pipeline.steps)

    def reports(self) -> Reports:
        """Read the test reports that steps left, of all pipelines together."""
        collected = {
            f"{pipeline.name}/{path}": tar
            for pipeline in self.pipelines
            for path, tar in pipeline.collected.items()
        }
        return read_reports(collected)

    def raise_for_failure(self) -> None:
        """Do nothing when all passed.

        :raises TestsFailed: naming the steps, their exit codes and their last lines.
        """
        failures = [text for pipeline in self.pipelines for text in pipeline.failures()]
        if failures:
            advice = "correct the commit and push again; the whole log is above"
            raise TestsFailed("\n".join(failures), advice=advice)
