"""Which of a file's pipelines one task runs, and what it takes of them for the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import BuiltFiles, Checkout, Release, StepReport, TestReport
from slipway.pipeline.built.take import Taking
from slipway.pipeline.compiler.split import builder_of, first_half, needed_for, second_half
from slipway.tasks.built_files import BuiltStore
from slipway.tasks.kept_facts import BUILD, kept_report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.pipeline.compiler.spec import BuildSpec
    from slipway.pipeline.runtime.result import BuildResult

# Seconds that are always left for the second half.
_LEAST = 60.0


class NoStepRan(AirflowSkipException):
    """Skips what follows: no step of a pipeline was meant for this event."""


class Part(StrEnum):
    """Which pipelines of a file a task runs."""

    WHOLE = "whole"
    FIRST = "first"
    """The one that builds what ships, and what it depends on."""
    SECOND = "second"
    """All others, when those have passed."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one task does of a commit's build.

    :param spec: what it runs.
    :param names: of the pipelines that it tells of.
    :param paths: what is taken, as the project file has it.
    :param taking: takes it; None where this task takes nothing.
    :param earlier: what the first half came to, in the second.
    :param owner: the folder of the run that owns what is built; empty where the release does.
    """

    spec: BuildSpec
    names: frozenset[str]
    paths: tuple[str, ...]
    taking: Taking | None
    earlier: TestReport | None
    owner: str = ""

    def seconds_left(self, seconds: float) -> float:
        """Return what is left of the time that both halves have."""
        return max(_LEAST, seconds - self.earlier.seconds) if self.earlier else seconds

    def steps(self, result: BuildResult) -> tuple[StepReport, ...]:
        """Return the steps that this task tells of: what waits for failures is told of later."""
        return tuple(step for step in result.steps if step.pipeline in self.names)

    def keep(self, release: Release, log: Callable[[str], None]) -> BuiltFiles | None:
        """Keep what was taken, where something was to be.

        :raises NothingRan: when the pipeline that builds it did not.
        """
        if self.taking is None:
            return None
        kept = BuiltStore(store=artifact_store(), release=release, log=log, owner=self.owner)
        return kept.keep(self.taking, self.paths)

    def whole(self, report: TestReport) -> TestReport:
        """Put what ran earlier in front of a report."""
        return report.after(self.earlier) if self.earlier else report


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A task's share in each build.

    :param part: which pipelines.
    :param paths: what goes from the workspace into the package; nothing where it is empty.
    :param pipeline: whose workspace it is; of the only one that there is when None.
    """

    part: Part
    paths: tuple[str, ...]
    pipeline: str | None

    def earlier(self, context: Context, release: Release) -> TestReport | None:
        """Return what the first half of a build came to, in the second.

        :param context: the task's.
        :param release: whose build it is.
        :raises FactMissing: when the first half signed nothing.
        """
        return kept_report(context, BUILD, release) if self.part is Part.SECOND else None

    def of(
        self,
        spec: BuildSpec,
        checkout: Checkout,
        file: IO[bytes],
        earlier: TestReport | None,
        owner: str = "",
    ) -> Work:
        """Return what the task does of a build.

        :param spec: the whole of it.
        :param checkout: the commit.
        :param file: for what is taken.
        :param earlier: as :meth:`earlier` returned it.
        :param owner: the folder of the run that owns what is built; empty where the release does.
        :raises PipelineFileError: when nobody can tell whose workspace is meant.
        """
        builder = builder_of(spec, self.pipeline) if self.paths else ""
        taking = None
        if self.part is Part.FIRST:
            spec = first_half(spec, builder)
        elif self.part is Part.SECOND:
            spec = second_half(spec, builder)
        if self.paths and earlier is None:
            taking = Taking(
                pipeline=builder, paths=self.paths, file=file, built_at=checkout.committed_at
            )
        names = {one.name for one in spec.pipelines}
        if self.part is Part.FIRST:
            names &= needed_for(spec, builder)
        return Work(
            spec=spec,
            names=frozenset(names),
            paths=self.paths,
            taking=taking,
            earlier=earlier,
            owner=owner,
        )
