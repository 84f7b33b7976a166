"""The steps of one run, each in a thread of its own, in the order of their graph."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from slipway.exceptions import (
    ContainerEngineError,
    ImageRefused,
    ImageUnavailable,
    SlipwayError,
    StepTimedOut,
)
from slipway.model.container import CannotStart, ContainerRefused
from slipway.model.facts import StepReport
from slipway.pipeline.compiler.env_sizes import EnvironmentTooLarge
from slipway.pipeline.runtime.result import EARLY_END, skipped_step
from slipway.pipeline.runtime.schedule import Schedule, State

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec
    from slipway.pipeline.runtime.engine import Engine
    from slipway.pipeline.runtime.log_groups import LogGroups
    from slipway.pipeline.runtime.prepared import Preparation
    from slipway.pipeline.runtime.step_images import StepImages
    from slipway.pipeline.runtime.workspace import Workspace

    Outcome = tuple[State, int | None, str]

_TAIL = 20
# The exit code of a shell that does not find a program, and of a program that is killed.
_NOT_FOUND, _KILLED = 127, 137
# Seconds between two tries to end what must end at once.
_PAUSE = 0.1
# Seconds of waiting for an image after which things may stand otherwise.
_NOTICED = 1.0
_STOPPED = "stopped"


class StepRuns:
    """Runs the steps of a pipeline.

    :param engine: where the containers run.
    :param spec: the pipeline.
    :param output: receives each step's lines as a group.
    :param title: begins the title of each group.
    :param images: what the steps run from.
    :param containers: what they run in.
    :param workspace: what they share.
    :param left: the seconds that the run has left; raises when it is over.
    :param stopped: set when the run is stopped from outside.
    :param timeout: seconds that the whole run may take, for the message.
    """

    def __init__(
        self,
        engine: Engine,
        spec: PipelineSpec,
        *,
        output: LogGroups,
        title: str,
        images: StepImages,
        containers: Preparation,
        workspace: Workspace,
        left: Callable[[], float],
        stopped: threading.Event,
        timeout: float,
    ) -> None:
        self.tails: dict[str, deque[str]] = {}
        """The last lines of each step that ran."""
        self.not_started: dict[str, SlipwayError] = {}
        """What kept steps from being started at all."""
        self._engine = engine
        self._spec = spec
        self._output = output
        self._title = title
        self._images = images
        self._containers = containers
        self._workspace = workspace
        self._left = left
        self._stopped = stopped
        self._timeout = timeout
        self._cut_short = ""
        self._running: dict[str, str] = {}
        self._schedule = Schedule(
            spec.steps, run=self._run_step, skip=self._skipped, fails=self._fails
        )

    @property
    def failed(self) -> tuple[str, ...]:
        """The steps that have failed so far without being allowed to."""
        return self._schedule.failed

    def fail(self, name: str) -> None:
        """Count something that is no step as failed before any step has begun."""
        self._schedule.fail(name)

    def run(self, *, stop: Callable[[], None]) -> list[StepReport]:
        """Run every step.

        :param stop: called when something goes wrong with a run itself; ends all of them.
        :returns: how each ended, in the order of the file.
        """
        return self._schedule.run(stop=stop)

    def _run_step(self, step: StepSpec) -> StepReport:
        title = f"{self._title}step {step.name}"
        tail = self.tails[step.name] = deque[str](maxlen=_TAIL)
        self._output.begin(step.id, f"{title} ({step.image})", tail=tail)
        began = time.monotonic()
        state, code, note = State.KILLED, None, "killed"
        try:
            state, code, note = self._execute(step)
        except StepTimedOut as error:
            note = f"killed: {error.message}"
            msg = f"step {step.name!r} was {note}; the pipeline has {self._timeout:.0f} s in all"
            raise StepTimedOut(
                msg, advice="make it faster, or raise `test: {timeout: ...}`"
            ) from error
        except ContainerEngineError:
            note = "cut short by a failure of the container engine"
            raise
        finally:
            self._running.pop(step.name, None)
            seconds = time.monotonic() - began
            if state == State.KILLED and self._stopped.is_set():
                note = _STOPPED
            self._output.end(step.id, f"{title}: {note}, {seconds:.1f} s")
        if state == State.SKIPPED:
            return skipped_step(self._spec, step, note)
        image = self._images.known(step)
        report = StepReport(
            name=step.name,
            image=step.image,
            state=state,
            seconds=seconds,
            exit_code=code,
            pipeline=self._spec.name,
            digest=image.digest or image.id if image else "",
            note=note if code is None and state == State.FAILED else "",
        )
        if step.failure == "fast" and state == State.FAILED:
            self._cut(step)
        return report

    def _execute(self, step: StepSpec) -> Outcome:
        """Run a step's container; returns its state, its exit code and a remark for people."""
        try:
            self._left()
            began = time.monotonic()
            image = self._images.facts(step)
            waited = time.monotonic() - began > _NOTICED
            if waited and (reason := self._schedule.reason_to_skip(step)):
                return State.SKIPPED, None, reason
            container = self._containers.container(step)
        except (ImageUnavailable, ImageRefused, EnvironmentTooLarge, ContainerRefused) as error:
            return self._not_started(step, error)
        self._workspace.begin(step, image, partial(self._output.line, step.id))
        try:
            return self._in_container(step, container)
        finally:
            self._workspace.end(step, image)

    def _in_container(self, step: StepSpec, container: str) -> Outcome:
        self._running[step.name] = container
        if self._cut_short:
            return State.KILLED, None, self._cut_short
        try:
            if step.detach:
                self._engine.start(container)
                return State.PASSED, None, "goes on in the background"
            code = self._engine.run_streaming(
                container, timeout=self._left(), output=partial(self._output.write, step.id)
            )
        except CannotStart as error:
            self._output.line(step.id, error.message)
            code = _NOT_FOUND
        except ContainerRefused as error:
            return self._not_started(step, error)
        return self._outcome(step, container, code)

    def _not_started(self, step: StepSpec, error: SlipwayError) -> Outcome:
        """Report a step that cannot even begin; others may be none the worse."""
        error.message = self._output.mask(error.message)
        for line in str(error).splitlines():
            self._output.line(step.id, line)
        self.not_started[step.name] = error
        return State.FAILED, None, f"not started: {error.message}"

    def _outcome(self, step: StepSpec, container: str, code: int) -> Outcome:
        if code == 0:
            return State.PASSED, 0, "passed"
        if code == EARLY_END and not step.detach:
            self._schedule.end_early(f"{step.name} ended the pipeline early (exit code {code})")
            return State.PASSED, code, f"ended the pipeline early with exit code {code}"
        if self._stopped.is_set():
            return State.KILLED, code, _STOPPED
        if code == _KILLED and self._cut_short:
            return State.KILLED, code, self._cut_short
        if code == _KILLED:
            self._explain_kill(step, container)
        ignored = ", which is ignored" if step.failure == "ignore" or step.detach else ""
        return State.FAILED, code, f"failed with exit code {code}{ignored}"

    def _explain_kill(self, step: StepSpec, container: str) -> None:
        memory = self._spec.isolation.memory
        if self._engine.state(container).out_of_memory and memory:
            line = f"it wanted more than the {memory >> 20} MiB of memory that a step may use"
            self._output.line(step.id, line)

    def _skipped(self, step: StepSpec, reason: str) -> StepReport:
        return skipped_step(self._spec, step, reason)

    def _fails(self, step: StepSpec, report: StepReport) -> bool:
        # A step in the background cannot fail a pipeline, as Drone has it.
        return report.state == State.FAILED and step.failure != "ignore" and not step.detach

    def _cut(self, step: StepSpec) -> None:
        """End the pipeline at once, since this step says so."""
        self._cut_short = f"cut short by the failure of {step.name}"
        self._schedule.halt(self._cut_short)
        # Again and again, since one may be about to start, and cannot be killed before.
        while self._running and not self._stopped.is_set():
            for container in list(self._running.values()):
                self._engine.kill(container)
            self._stopped.wait(_PAUSE)
