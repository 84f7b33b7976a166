"""How a pipeline ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.exceptions import TestsFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.facts import StepReport


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    """What the runner found.

    :param steps: in the order of the pipeline file.
    :param seconds: the whole run.
    :param broken: the steps that failed without being allowed to.
    :param tails: the last lines of each step that ran.
    """

    steps: tuple[StepReport, ...]
    seconds: float
    broken: tuple[str, ...] = ()
    tails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def raise_for_failure(self) -> None:
        """Do nothing when the pipeline passed.

        :raises TestsFailed: naming the steps, their exit codes and their last lines.
        """
        failed = [step for step in self.steps if step.name in self.broken]
        if not failed:
            return
        parts = [self._describe(step) for step in failed]
        raise TestsFailed(
            "\n".join(parts), advice="correct the commit and push again; the whole log is above"
        )

    def _describe(self, step: StepReport) -> str:
        tail = "".join(f"\n    {line}" for line in self.tails.get(step.name, ()))
        return f"step {step.name!r} failed with exit code {step.exit_code}{tail}"
