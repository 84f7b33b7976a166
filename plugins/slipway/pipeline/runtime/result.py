"""How pipelines ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.exceptions import ImageUnavailable, NothingRan, SlipwayError, TestsFailed
from slipway.model.facts import StepReport, something_passed
from slipway.pipeline.reports.junit import Reports, together
from slipway.pipeline.runtime.schedule import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec

# What a step's program answers to end its pipeline early, and well.
EARLY_END = 78
# Characters of a line in a message, and reasons in one.
_WIDEST, _MOST_REASONS = 1000, 20


@dataclass(frozen=True, kw_only=True)
class PipelineResult:
    """What the runner found.

    :param name: the pipeline's.
    :param steps: in the order of the pipeline file.
    :param seconds: the whole run.
    :param broken: the steps that failed without being allowed to.
    :param tails: the last lines of each step that ran.
    :param reports: the test reports that its steps left.
    :param note: why the pipeline did not run.
    :param not_started: step -> what kept it from being started at all.
    :param error: what failed besides its steps.
    """

    name: str
    steps: tuple[StepReport, ...]
    seconds: float
    broken: tuple[str, ...] = ()
    tails: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reports: Reports = field(default_factory=Reports)
    note: str = ""
    not_started: Mapping[str, SlipwayError] = field(default_factory=dict)
    error: SlipwayError | None = None

    @property
    def state(self) -> str:
        """Return how the pipeline ended, as a :class:`~slipway.pipeline.runtime.schedule.State`."""
        if self.note:
            return "skipped"
        return "failed" if self.broken or self.error else "passed"

    def failures(self) -> list[str]:
        """Describe each step that failed: its exit code and its last lines."""
        told = [self.error.message] if self.error else []
        return told + [self._describe(step) for step in self.steps if step.name in self.broken]

    @property
    def ended_early(self) -> bool:
        """Tell whether a step ended the pipeline early, and well."""
        return any(s.state == State.PASSED and s.exit_code == EARLY_END for s in self.steps)

    @property
    def lacks_images(self) -> bool:
        """Tell whether all that failed did so for want of an image, which may be there later."""
        causes = [self.not_started.get(name) for name in self.broken]
        causes += [self.error] if self.error else []
        return all(isinstance(cause, ImageUnavailable) for cause in causes)

    def _describe(self, step: StepReport) -> str:
        if (cause := self.not_started.get(step.name)) is not None:
            return f"step {step.name!r} was not started: {cause}"
        tail = "".join(f"\n    {line[:_WIDEST]}" for line in self.tails.get(step.name, ()))
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
    def ended_early(self) -> bool:
        """Tell whether a step ended one of them early, and well."""
        return any(pipeline.ended_early for pipeline in self.pipelines)

    @property
    def steps(self) -> tuple[StepReport, ...]:
        """Every step of every pipeline that ran."""
        return tuple(step for pipeline in self.pipelines for step in pipeline.steps)

    def reports(self) -> Reports:
        """Read the test reports that steps left, of all pipelines together."""
        return together(pipeline.reports for pipeline in self.pipelines)

    def raise_for_failure(self, earlier: Iterable[StepReport] = ()) -> None:
        """Do nothing when something ran and all that ran passed.

        A pipeline that a step ended early is well, but what has not run shows nothing: there must
        be a step that passed, before that one or elsewhere in the file.

        :param earlier: steps of the same build that ran before.
        :raises TestsFailed: naming the steps, their exit codes and their last lines.
        :raises ImageUnavailable: when nothing failed but for want of images.
        :raises InputError: what is wrong with a pipeline's services, if that is all.
        :raises NothingRan: with what kept each step from running.
        """
        failures = [text for pipeline in self.pipelines for text in pipeline.failures()]
        errors = [pipeline.error for pipeline in self.pipelines if pipeline.error]
        if len(failures) == 1 and errors:
            raise errors[0]
        if failures and all(pipeline.lacks_images for pipeline in self.pipelines):
            raise ImageUnavailable("\n".join(failures))
        if failures:
            advice = "correct the commit and push again; all that these steps wrote is above"
            raise TestsFailed("\n".join(failures), advice=advice)
        if not something_passed((*earlier, *self.steps)):
            msg = "no step of the pipeline has run to its end and passed, so there is no release"
            advice = "look at `trigger` and `when`, if this commit was to be released"
            raise NothingRan("\n".join([msg, *self._reasons()]), advice=advice)

    def _reasons(self) -> list[str]:
        """Say what kept each step from counting, those of one pipeline together if they can be."""
        lines: list[str] = []
        for pipeline in self.pipelines:
            whys = {step.name[:_WIDEST]: _why(step) for step in pipeline.steps}
            if len(set(whys.values())) == 1:
                lines.append(f"  pipeline {pipeline.name[:_WIDEST]}: {next(iter(whys.values()))}")
            else:
                lines += [
                    f"  {pipeline.name[:_WIDEST]}, step {name}: {why}" for name, why in whys.items()
                ]
        more = len(lines) - _MOST_REASONS
        return lines if more <= 0 else [*lines[:_MOST_REASONS], f"  ... and {more} more"]


def skipped_step(pipeline: PipelineSpec, step: StepSpec, reason: str) -> StepReport:
    """Report a step that did not run, and why."""
    return StepReport(
        name=step.name,
        image=step.image,
        state=State.SKIPPED,
        seconds=0.0,
        pipeline=pipeline.name,
        note=reason,
    )


def _why(step: StepReport) -> str:
    if step.state == State.FAILED:
        how = step.note or f"failed with exit code {step.exit_code}"
        return f"{how}, which is ignored"
    if step.state == State.PASSED and step.exit_code == EARLY_END:
        return f"ended the pipeline early with exit code {EARLY_END}"
    if step.state == State.PASSED:
        return "only brings the sources" if step.exit_code == 0 else "ran in the background"
    return step.note or step.state
