"""Runs every pipeline of a file, in the order of their graph."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from slipway.exceptions import ImageUnavailable, InputError, PipelineStopped, TestsFailed
from slipway.pipeline.compiler.status import BuildStatus
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.result import BuildResult, PipelineResult, skipped_step
from slipway.pipeline.runtime.runner import Runner
from slipway.pipeline.runtime.schedule import Schedule, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.pipeline.compiler.spec import BuildSpec, PipelineSpec
    from slipway.pipeline.runtime.engine import Engine
    from slipway.pipeline.runtime.log_groups import LogGroups


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """What the containers run on.

    :param platform: ``os/arch``.
    :param labels: what ``node`` may ask for.
    """

    platform: str = "linux/amd64"
    labels: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, pipeline: PipelineSpec) -> str:
        """Say what a pipeline asks for that this worker is not; empty where it is all that."""
        if pipeline.platform != self.platform:
            return f"wants a worker for {pipeline.platform}"
        missing = {k: v for k, v in pipeline.node.items() if self.labels.get(k) != v}
        labels = ", ".join(f"{key}: {value}" for key, value in missing.items())
        return f"wants a worker with {labels}" if labels else ""


class BuildRunner:
    """Runs a build once.

    :param engine: where the containers run.
    :param spec: what to run.
    :param sources: makes a tar of the commit with so many commits of history (0 is all).
    :param output: receives each step's lines as a group.
    :param timeout: seconds for the whole build.
    :param given: secrets and the like, the same for every pipeline.
    :param worker: what the containers run on.
    """

    def __init__(
        self,
        engine: Engine,
        spec: BuildSpec,
        *,
        sources: Callable[[int], bytes | IO[bytes]],
        output: LogGroups,
        timeout: float,
        given: Given | None = None,
        worker: Worker | None = None,
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._sources = sources
        self._output = output
        self._deadline = time.monotonic() + timeout
        self._given = given or Given()
        self._started = int(time.time())
        self._runners: list[Runner] = []
        self._lock = threading.Lock()
        self._stopped = False
        self._schedule = Schedule(
            _fitting(spec, worker or Worker()),
            run=self._run_pipeline,
            skip=self._skipped,
            fails=lambda _, result: result.state == State.FAILED,
        )

    def run(self) -> BuildResult:
        """Run every pipeline.

        :returns: how each ended; a failed step is an answer.
        :raises TestsFailed: when no worker fits any pipeline.
        :raises SlipwayError: as :meth:`Runner.run` does.
        """
        began = time.monotonic()
        for notice in self._spec.notices:
            self._output.say(notice)
        results = self._schedule.run(stop=self.stop) if self._spec.pipelines else []
        for result in results:
            if result.note:
                self._output.say(f"pipeline {result.name} was not run: {result.note}")
        return BuildResult(pipelines=tuple(results), seconds=time.monotonic() - began)

    def stop(self) -> None:
        """End the run from another thread, or from a signal handler, and remove everything."""
        self._stopped = True
        for runner in list(self._runners):
            runner.stop()

    def _run_pipeline(self, pipeline: PipelineSpec) -> PipelineResult:
        several = len(self._spec.pipelines) > 1
        built = self._given.built
        given = replace(
            self._given,
            title=f"{pipeline.name}: " if several else "",
            status=BuildStatus(started=self._started, failed=self._schedule.failed),
            failed=lambda: self._schedule.failed,
            built=built if built and built.pipeline == pipeline.name else None,
        )
        left = max(1.0, self._deadline - time.monotonic())
        runner = Runner(self._engine, pipeline, output=self._output, timeout=left, given=given)
        self._runners.append(runner)
        if self._stopped:
            msg = "the pipeline was stopped from outside"
            raise PipelineStopped(msg)
        source = self._source(pipeline.clone_depth)
        try:
            return runner.run(source)
        except (InputError, ImageUnavailable) as error:
            # Others may be none the worse, and some are for failures.
            return PipelineResult(name=pipeline.name, steps=runner.ended, seconds=0.0, error=error)
        finally:
            if source is not None and not isinstance(source, bytes):
                source.close()

    def _source(self, depth: int | None) -> bytes | IO[bytes] | None:
        if depth is None:
            return None
        with self._lock:
            return self._sources(depth)

    def _skipped(self, pipeline: PipelineSpec, reason: str) -> PipelineResult:
        steps = tuple(skipped_step(pipeline, step, reason) for step in pipeline.steps)
        return PipelineResult(name=pipeline.name, steps=steps, seconds=0.0, note=reason)


def _fitting(spec: BuildSpec, worker: Worker) -> list[PipelineSpec]:
    """Mark what this worker cannot run, and what waits for it, as not to be run.

    :raises TestsFailed: when that is everything, and nothing ran before.
    """
    reasons: dict[str, str] = {}
    waiting = list(spec.pipelines)
    while waiting:
        ready = [p for p in waiting if not {w.name for w in waiting}.intersection(p.depends_on)]
        for pipeline in ready:
            waiting.remove(pipeline)
            lacking = [name for name in pipeline.depends_on if name in reasons]
            reason = worker.lacks(pipeline)
            if reason or lacking:
                reasons[pipeline.name] = reason or f"waits for {lacking[0]}, which is not run here"
    if len(reasons) == len(spec.pipelines) and not spec.continued:
        first = spec.pipelines[0]
        msg = f"no pipeline can run here: {first.name} {reasons[first.name]}"
        raise TestsFailed(msg, advice="give the workers' labels under `test: {node: ...}`")
    return [replace(p, unmet=reasons.get(p.name) or p.unmet) for p in spec.pipelines]
