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
from typing import IO, TYPE_CHECKING

from slipway.exceptions import ContainerEngineError, PipelineStopped, StepTimedOut
from slipway.facts import StepReport
from slipway.hooks.container_failure import CannotStart
from slipway.hooks.container_spec import ContainerSpec, ImageFacts, PullPolicy
from slipway.pipeline.aftermath import Aftermath
from slipway.pipeline.containers import container_spec
from slipway.pipeline.given import Given
from slipway.pipeline.junit import Reports
from slipway.pipeline.preparation import Preparation
from slipway.pipeline.registry_auth import credentials, passwords
from slipway.pipeline.result import PipelineResult, skipped_step
from slipway.pipeline.schedule import Schedule, State
from slipway.pipeline.services import Services
from slipway.pipeline.shared_network import SharedNetwork
from slipway.pipeline.status import status_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.pipeline.engine import Engine
    from slipway.pipeline.log_groups import LogGroups
    from slipway.pipeline.spec import PipelineSpec, StepSpec

_log = logging.getLogger(__name__)
_TAIL = 20
# The exit code of a shell that does not find a program, and of a program that is killed.
_NOT_FOUND, _KILLED = 127, 137
# Seconds between two tries to end what must end at once.
_PAUSE = 0.1


class Runner:
    """Runs one pipeline once.

    :param engine: where the containers run.
    :param spec: what to run.
    :param output: receives each step's lines as a group.
    :param timeout: seconds for the whole run.
    :param given: what is known only now.
    :param clock: seconds, never going back.
    """

    def __init__(
        self,
        engine: Engine,
        spec: PipelineSpec,
        *,
        output: LogGroups,
        timeout: float,
        given: Given | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._given = given or Given()
        self._engine = engine
        self._spec = spec
        self._output = output
        pull_secrets = (self._given.secrets.get(name, "") for name in spec.pull_secrets)
        self._logins = (*pull_secrets, *self._given.registries)
        output.hide([*self._given.secrets.values(), *passwords(self._logins)])
        self._timeout = timeout
        self._clock = clock
        self._deadline = clock() + timeout
        self._began = int(time.time())
        self._stopped = threading.Event()
        self._cut_short = ""
        self._images: dict[str, ImageFacts] = {}
        self._tails: dict[str, deque[str]] = {}
        self._running: dict[str, str] = {}
        self._shared = SharedNetwork(self._engine, spec, images=self._images)
        self._containers = Preparation(self._engine, self._describe)
        self._schedule = Schedule(
            spec.steps, run=self._run_step, skip=self._skipped, fails=self._fails
        )

    def run(self, source: bytes | IO[bytes] | None) -> PipelineResult:
        """Run the pipeline to its end.

        :param source: a tar of the commit; None leaves the workspace empty.
        :returns: how each step ended; a failed step is an answer.
        :raises ServiceStopped: when a service fails before the steps begin.
        :raises ImageUnavailable: when an image can neither be found nor pulled.
        :raises StepTimedOut: when a step or service, or the whole, takes too long.
        :raises PipelineStopped: after :meth:`stop`.
        :raises ContainerEngineError: when the engine fails.
        """
        with self._output.mask.errors():
            return self._run_and_remove(source)

    def _run_and_remove(self, source: bytes | IO[bytes] | None) -> PipelineResult:
        began = self._clock()
        self._deadline = began + self._timeout
        self._engine.remove_labelled(self._spec.labels)
        try:
            steps, reports = self._run(source)
        except ContainerEngineError as error:
            if self._stopped.is_set():
                raise _stopped() from error
            raise
        finally:
            self._containers.close()
            self._shared.close()
            self._clean_up()
        if self._stopped.is_set():
            raise _stopped()
        return PipelineResult(
            name=self._spec.name,
            steps=tuple(steps),
            seconds=self._clock() - began,
            broken=self._schedule.failed,
            tails={name: tuple(lines) for name, lines in self._tails.items()},
            reports=reports,
        )

    def stop(self) -> None:
        """End the run from another thread, or from a signal handler, and remove everything."""
        self._stopped.set()
        self._clean_up()

    def _run(self, source: bytes | IO[bytes] | None) -> tuple[list[StepReport], Reports]:
        steps = [step for step in self._spec.steps if not step.unmet]
        services = [service for service in self._spec.services if not service.unmet]
        self._get_images([*services, *steps])
        self._engine.create_network(
            self._spec.id, self._labels("pipeline"), guarded=not self._spec.isolation.metadata
        )
        self._engine.create_volume(self._spec.id, self._labels("workspace"))
        for volume in self._spec.volumes:
            if volume.host is None and not volume.memory:
                self._engine.create_volume(volume.id, self._labels("volume"))
        if source is not None and steps:
            self._engine.put_tar(self._containers.container(steps[0]), self._spec.workspace, source)
        self._start_services(services, steps)
        self._shared.open()
        self._containers.ahead([step for step in steps if step.policy == "on-success"])
        ended = self._schedule.run(stop=self._clean_up)
        after = Aftermath(self._engine, self._containers, self._output)
        after.show([*(s for s in steps if s.detach), *(services if self._schedule.failed else ())])
        if not self._schedule.failed:
            after.take_built(ended, steps, self._spec.workspace, self._given.built)
        return ended, after.reports(steps, self._spec.workspace, self._given.collect)

    # Before the steps

    def _get_images(self, steps: list[StepSpec]) -> None:
        for step in steps:
            if step.image not in self._images or step.pull == PullPolicy.ALWAYS:
                self._left()
                self._images[step.image] = self._engine.ensure_image(
                    step.image,
                    pull=PullPolicy(step.pull),
                    auth=credentials(step.image, self._logins),
                    progress=self._output.say,
                )

    def _start_services(self, services: list[StepSpec], steps: list[StepSpec]) -> None:
        if services:
            onlooker = self._images[(steps or services)[0].image]
            Services(
                self._engine, self._spec, images=self._images, output=self._output,
                onlooker_image=onlooker.id, clock=self._clock,
            ).start(services, self._containers.container, left=self._left)  # fmt: skip

    # The steps, each in a thread of its own

    def _run_step(self, step: StepSpec) -> StepReport:
        title = f"{self._given.title}step {step.name}"
        tail = self._tails[step.name] = deque[str](maxlen=_TAIL)
        self._output.begin(step.id, f"{title} ({step.image})", tail=tail)
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
            self._running.pop(step.name, None)
            seconds = self._clock() - began
            self._output.end(step.id, f"{title}: {note}, {seconds:.1f} s")
        image = self._images[step.image]
        report = StepReport(
            name=step.name, image=step.image, state=state, seconds=seconds, exit_code=code,
            pipeline=self._spec.name, digest=image.digest or image.id,
        )  # fmt: skip
        if step.failure == "fast" and state == State.FAILED:
            self._cut(step)
        return report

    def _execute(self, step: StepSpec) -> tuple[State, int | None, str]:
        """Run a step's container; returns its state, its exit code and a remark for people."""
        self._left()
        container = self._containers.container(step, self._schedule.failed)
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
        return self._outcome(step, container, code)

    def _outcome(self, step: StepSpec, container: str, code: int) -> tuple[State, int | None, str]:
        if code == 0:
            return State.PASSED, 0, "passed"
        if code == _KILLED and self._cut_short:
            return State.KILLED, code, self._cut_short
        if code == _KILLED and not self._stopped.is_set():
            self._explain_kill(step, container)
        ignored = ", which is ignored" if step.failure == "ignore" else ""
        return State.FAILED, code, f"failed with exit code {code}{ignored}"

    def _explain_kill(self, step: StepSpec, container: str) -> None:
        memory = self._spec.isolation.memory
        if self._engine.state(container).out_of_memory and memory:
            line = f"it wanted more than the {memory >> 20} MiB of memory that a step may use"
            self._output.line(step.id, line)

    def _skipped(self, step: StepSpec, reason: str) -> StepReport:
        return skipped_step(self._spec, step, reason)

    def _fails(self, step: StepSpec, report: StepReport) -> bool:
        return report.state == State.FAILED and step.failure != "ignore"

    def _cut(self, step: StepSpec) -> None:
        """End the pipeline at once, since this step says so."""
        self._cut_short = f"cut short by the failure of {step.name}"
        self._schedule.halt(self._cut_short)
        # Again and again, since one may be about to start, and cannot be killed before.
        while self._running and not self._stopped.is_set():
            for container in list(self._running.values()):
                self._engine.kill(container)
            self._stopped.wait(_PAUSE)

    # All along

    def _describe(self, step: StepSpec, failed: tuple[str, ...]) -> ContainerSpec:
        self._left()
        kind = "service" if step in self._spec.services else "step"
        variables = status_variables(
            self._given.status, started=self._began, now=int(time.time()), failed=failed
        )
        secrets = self._given.secrets
        variables |= {k: secrets[name] for k, name in step.secrets.items() if name in secrets}
        image = self._images[step.image]
        return container_spec(
            self._spec, step, kind, variables=variables, image=image.id,
            has_healthcheck=kind == "service" and image.has_healthcheck,
            network=self._shared.network(step),
        )  # fmt: skip

    def _left(self) -> float:
        """Return the seconds that are left, or stop here."""
        if self._stopped.is_set():
            raise _stopped()
        left = self._deadline - self._clock()
        if left <= 0:
            msg = f"the pipeline took longer than its {self._timeout:.0f} s"
            raise StepTimedOut(msg, advice="make it faster, or raise `test: {timeout: ...}`")
        return left

    def _labels(self, kind: str) -> dict[str, str]:
        return {**self._spec.labels, "slipway.kind": kind}

    def _clean_up(self) -> None:
        try:
            self._engine.remove_labelled(self._spec.labels)
        except ContainerEngineError as error:
            # What brought us here matters more; the next try begins by removing what is left.
            shown = self._output.mask(str(error))
            _log.warning("something of this run could not be removed: %s", shown)


def _stopped() -> PipelineStopped:
    return PipelineStopped("the pipeline was stopped from outside")
