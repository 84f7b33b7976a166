"""Runs a compiled pipeline in containers, and takes everything away afterwards.

One private network and one workspace volume per run; one container per step. The sources are
put into the volume through the first step's container before anything starts, so that no
container is spent on it. All that is made carries the spec's labels, and is removed by them:
before the run (what a killed try left), after it, and when it is stopped.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError, PipelineStopped, StepTimedOut
from slipway.facts import StepReport
from slipway.hooks.container_failure import CannotStart
from slipway.hooks.container_spec import ImageFacts, PullPolicy
from slipway.pipeline.containers import container_spec, onlooker_spec
from slipway.pipeline.readiness import Service, last_lines, wait_until_ready
from slipway.pipeline.result import PipelineResult
from slipway.pipeline.schedule import State, breaks, run_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.pipeline.engine import Engine
    from slipway.pipeline.log_groups import LogGroups
    from slipway.pipeline.spec import PipelineSpec, StepSpec

_log = logging.getLogger(__name__)
# Seconds that a service may take until it is ready.
SERVICE_TIMEOUT = 90.0
_TAIL = 20
_BACKGROUND_TAIL = 200
# The exit code of a shell that does not find a program, and of a program that is killed.
_NOT_FOUND, _KILLED = 127, 137


class Runner:
    """Runs one pipeline once.

    :param engine: where the containers run.
    :param spec: what to run.
    :param output: receives each step's lines as a group.
    :param timeout: seconds for the whole run.
    :param clock: seconds, never going back.
    """

    def __init__(
        self,
        engine: Engine,
        spec: PipelineSpec,
        *,
        output: LogGroups,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._output = output
        self._timeout = timeout
        self._clock = clock
        self._deadline = clock() + timeout
        self._stopped = threading.Event()
        self._made: dict[str, str] = {}
        self._tails: dict[str, deque[str]] = {}

    def run(self, source: bytes) -> PipelineResult:
        """Run the pipeline to its end.

        :param source: a tar of the commit.
        :returns: how each step ended; a failed step is an answer.
        :raises ServiceStopped: when a service fails before the steps begin.
        :raises ImageUnavailable: when an image can neither be found nor pulled.
        :raises StepTimedOut: when a step or service, or the whole, takes too long.
        :raises PipelineStopped: after :meth:`stop`.
        :raises ContainerEngineError: when the engine fails.
        """
        began = self._clock()
        self._deadline = began + self._timeout
        self._engine.remove_labelled(self._spec.labels)
        try:
            reports = self._run(source)
        except ContainerEngineError as error:
            if self._stopped.is_set():
                raise _stopped() from error
            raise
        finally:
            self._clean_up()
        if self._stopped.is_set():
            raise _stopped()
        ended = zip(self._spec.steps, reports, strict=True)
        broken = [s.name for s, r in ended if breaks(s, r) and r.state == State.FAILED]
        return PipelineResult(
            steps=tuple(reports),
            seconds=self._clock() - began,
            broken=tuple(broken),
            tails={name: tuple(lines) for name, lines in self._tails.items()},
        )

    def stop(self) -> None:
        """End the run from another thread, or from a signal handler, and remove everything."""
        self._stopped.set()
        self._clean_up()

    def _run(self, source: bytes) -> list[StepReport]:
        images = self._get_images()
        self._engine.create_network(self._spec.id, self._labels("pipeline"))
        self._engine.create_volume(self._spec.id, self._labels("workspace"))
        self._engine.put_tar(self._container(self._spec.steps[0]), self._spec.workspace, source)
        self._start_services(images)
        reports = run_graph(self._spec.steps, self._run_step, stop=self._clean_up)
        self._show_background(any(report.state == State.FAILED for report in reports))
        return reports

    # Before the steps

    def _get_images(self) -> dict[str, ImageFacts]:
        images: dict[str, ImageFacts] = {}
        for step in (*self._spec.services, *self._spec.steps):
            if step.image not in images or step.pull == PullPolicy.ALWAYS:
                self._left()
                images[step.image] = self._engine.ensure_image(
                    step.image, pull=PullPolicy(step.pull)
                )
        return images

    def _start_services(self, images: dict[str, ImageFacts]) -> None:
        if not self._spec.services:
            return
        self._output.begin("services", "services")
        summary = "not ready"
        try:
            for service in self._spec.services:
                has_check = images[service.image].has_healthcheck
                self._engine.start(self._container(service, has_healthcheck=has_check))
            for service in self._spec.services:
                self._await_service(service, images[service.image])
            summary = f"{len(self._spec.services)} ready"
        finally:
            self._output.end("services", summary)

    def _await_service(self, service: StepSpec, image: ImageFacts) -> None:
        seconds = wait_until_ready(
            self._engine,
            Service(name=service.name, container=self._made[service.name], image=image),
            timeout=min(SERVICE_TIMEOUT, self._left()),
            onlooker=partial(self._onlooker, service),
            clock=self._clock,
        )
        line = f"{service.name} ({service.image}) ready after {seconds:.1f} s"
        self._output.line("services", line)

    def _onlooker(self, service: StepSpec) -> str:
        """Start a container of the first step's image inside a service's network."""
        image = self._spec.steps[0].image
        spec = onlooker_spec(self._spec, service, self._made[service.name], image)
        container = self._engine.create(spec)
        self._engine.start(container)
        return container

    # The steps, each in a thread of its own

    def _run_step(self, step: StepSpec) -> StepReport:
        self._output.begin(step.name, f"step {step.name} ({step.image})")
        began = self._clock()
        state, code, note = State.KILLED, None, "killed"
        try:
            state, code, note = self._execute(step)
        except StepTimedOut as error:
            note = f"killed: {error.message}"
            msg = f"step {step.name!r} was {note}; the pipeline has {self._timeout:.0f} s in all"
            raise StepTimedOut(
                msg, advice="make it faster, or raise `test: {timeout: ...}`"
            ) from error
        finally:
            seconds = self._clock() - began
            self._output.end(step.name, f"step {step.name}: {note}, {seconds:.1f} s")
        return StepReport(
            name=step.name, image=step.image, state=state, seconds=seconds, exit_code=code
        )

    def _execute(self, step: StepSpec) -> tuple[State, int | None, str]:
        """Run a step's container; returns its state, its exit code and a remark for people."""
        tail = self._tails.setdefault(step.name, deque(maxlen=_TAIL))

        def log(line: str) -> None:
            tail.append(line)
            self._output.line(step.name, line)

        container = self._container(step)
        try:
            if step.detach:
                self._engine.start(container)
                return State.PASSED, None, "goes on in the background"
            code = self._engine.run_to_end(container, timeout=self._left(), log=log)
        except CannotStart as error:
            log(error.message)
            code = _NOT_FOUND
        if code == 0:
            return State.PASSED, 0, "passed"
        if code == _KILLED and not self._stopped.is_set():
            self._explain_kill(container, log)
        ignored = ", which is ignored" if step.ignore_failure else ""
        return State.FAILED, code, f"failed with exit code {code}{ignored}"

    def _explain_kill(self, container: str, log: Callable[[str], None]) -> None:
        memory = self._spec.isolation.memory
        if self._engine.state(container).out_of_memory and memory:
            log(f"it wanted more than the {memory >> 20} MiB of memory that a step may use")

    # All along

    def _container(self, step: StepSpec, *, has_healthcheck: bool = False) -> str:
        """Create a step's or service's container, once."""
        if step.name not in self._made:
            self._left()
            kind = "service" if step in self._spec.services else "step"
            spec = container_spec(self._spec, step, kind, has_healthcheck=has_healthcheck)
            self._made[step.name] = self._engine.create(spec)
        return self._made[step.name]

    def _left(self) -> float:
        """Return the seconds that are left, or stop here."""
        if self._stopped.is_set():
            raise _stopped()
        left = self._deadline - self._clock()
        if left <= 0:
            msg = f"the pipeline took longer than its {self._timeout:.0f} s"
            raise StepTimedOut(msg, advice="make it faster, or raise `test: {timeout: ...}`")
        return left

    def _show_background(self, failed: bool) -> None:
        """Show what ran beside the steps: detached steps always, services after a failure."""
        steps = [step for step in self._spec.steps if step.detach and step.name in self._made]
        for step in [*steps, *(self._spec.services if failed else ())]:
            key = f"background {step.name}"
            self._output.begin(key, f"{step.name}, last lines")
            lines = last_lines(self._engine, self._made[step.name], _BACKGROUND_TAIL)
            for line in lines.splitlines()[1:]:
                self._output.line(key, line.strip())
            self._output.end(key, "removed")

    def _labels(self, kind: str) -> dict[str, str]:
        return {**self._spec.labels, "slipway.kind": kind}

    def _clean_up(self) -> None:
        try:
            self._engine.remove_labelled(self._spec.labels)
        except ContainerEngineError as error:
            # What brought us here matters more; the next try begins by removing what is left.
            _log.warning("something of this run could not be removed: %s", error)


def _stopped() -> PipelineStopped:
    return PipelineStopped("the pipeline was stopped from outside")
