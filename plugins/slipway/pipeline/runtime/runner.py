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
from typing import IO, TYPE_CHECKING

from slipway.exceptions import (
    ContainerEngineError,
    ImageUnavailable,
    InputError,
    PipelineStopped,
    SlipwayError,
    StepTimedOut,
)
from slipway.model.container import ContainerRefused, ContainerSpec
from slipway.pipeline.compiler.env_sizes import runnable
from slipway.pipeline.compiler.late import filled, filled_names
from slipway.pipeline.compiler.status import Standing, status_variables
from slipway.pipeline.reports.junit import Reports
from slipway.pipeline.runtime.caches import RunCaches
from slipway.pipeline.runtime.collect import Aftermath
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.isolation import container_of
from slipway.pipeline.runtime.network import SharedNetwork
from slipway.pipeline.runtime.prepared import Preparation
from slipway.pipeline.runtime.registry_auth import passwords
from slipway.pipeline.runtime.result import PipelineResult
from slipway.pipeline.runtime.services import Services
from slipway.pipeline.runtime.step_images import StepImages
from slipway.pipeline.runtime.step_runs import StepRuns
from slipway.pipeline.runtime.workspace import Workspace, trusting_git
from slipway.pipeline.yaml.conditions import RunPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway.model.facts import StepReport
    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec
    from slipway.pipeline.runtime.engine import Engine
    from slipway.pipeline.runtime.log_groups import LogGroups

_LEFT = "removed what an earlier try left; if its worker was killed, its log ends there"
# What the services are called, all together, among what has failed.
_SERVICES = "services"


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
        self._engine, self._spec, self._output = engine, spec, output
        pull_secrets = (self._given.secrets.get(name, "") for name in spec.pull_secrets)
        logins = (*pull_secrets, *self._given.registries)
        output.hide([*self._given.secrets.values(), *passwords(logins)])
        self._timeout, self._clock = timeout, clock
        self._deadline = clock() + timeout
        self._began = int(time.time())
        self._stopped = threading.Event()
        self.ended: tuple[StepReport, ...] = ()
        """How the steps ended, where the services kept most of them from running."""
        self._images = StepImages(engine, logins=logins, progress=output.say, left=self._left)
        self._shared = SharedNetwork(self._engine, spec, note=output.note)
        self._containers = Preparation(
            self._engine,
            self._describe,
            standing=self._standing,
            has_image=self._images.awaited,
            note=output.note,
        )
        self._caches = RunCaches(
            engine,
            spec,
            self._given.caches,
            containers=self._containers,
            startable=self._startable,
            say=output.say,
        )
        self._steps = StepRuns(
            engine,
            spec,
            output=output,
            title=self._given.title,
            images=self._images,
            containers=self._containers,
            workspace=Workspace(engine, spec, self._left),
            left=self._left,
            stopped=self._stopped,
            timeout=timeout,
        )

    def run(self, source: bytes | IO[bytes] | None) -> PipelineResult:
        """Run the pipeline to its end.

        :param source: a tar of the commit; None leaves the workspace empty.
        :returns: how each step ended; a failed step is an answer.
        :raises ServiceStopped: when a service fails before the steps begin; steps for failures
            have run then.
        :raises ImageUnavailable: when a service's image can neither be found nor pulled.
        :raises StepTimedOut: when a step, or the whole, takes too long.
        :raises PipelineStopped: after :meth:`stop`.
        :raises ContainerEngineError: when the engine fails.
        """
        with self._output.mask.errors():
            return self._run_and_remove(source)

    def _run_and_remove(self, source: bytes | IO[bytes] | None) -> PipelineResult:
        began = self._clock()
        self._deadline = began + self._timeout
        if self._engine.remove_labelled(self._spec.labels):
            self._output.say(_LEFT)
        try:
            steps, reports = self._run(source)
        except ContainerEngineError as error:
            if self._stopped.is_set():
                raise _stopped() from error
            raise
        finally:
            self._images.close()
            self._containers.close()
            self._shared.close()
            self._clean_up()
        if self._stopped.is_set():
            raise _stopped()
        return PipelineResult(
            name=self._spec.name,
            steps=tuple(steps),
            seconds=self._clock() - began,
            broken=self._steps.failed,
            tails={name: tuple(lines) for name, lines in self._steps.tails.items()},
            reports=reports,
            not_started=self._steps.not_started,
        )

    def stop(self) -> None:
        """End the run from another thread, or from a signal handler, and remove everything."""
        self._stopped.set()
        self._clean_up()

    def _run(self, source: bytes | IO[bytes] | None) -> tuple[list[StepReport], Reports]:
        steps = [step for step in self._spec.steps if not step.unmet]
        services = [service for service in self._spec.services if not service.unmet]
        usual = [step for step in steps if step.policy != RunPolicy.ON_FAILURE]
        self._images.ahead([*services, *usual])
        self._engine.create_network(
            self._spec.id, self._labels("pipeline"), guarded=not self._spec.isolation.metadata
        )
        self._engine.create_volume(self._spec.id, self._labels("workspace"))
        for volume in self._spec.volumes:
            if volume.host is None and not volume.memory:
                self._engine.create_volume(volume.id, self._labels("volume"))
        trouble = self._make_ready(usual, steps, services, source)
        if trouble is None:
            self._containers.ahead([one for one in usual if one.policy == RunPolicy.ON_SUCCESS])
        ended = self._steps.run(stop=self._clean_up)
        after = Aftermath(self._engine, self._containers, self._output)
        after.show([*(s for s in steps if s.detach), *(services if self._steps.failed else ())])
        if trouble is not None:
            self.ended = tuple(ended)
            raise trouble
        if not self._steps.failed:
            after.take_built(ended, steps, self._spec.workspace, self._given.built)
            self._caches.keep(steps)
        return ended, after.reports(steps, self._spec.workspace, self._given.collect)

    # Before the steps

    def _make_ready(
        self,
        usual: Sequence[StepSpec],
        steps: Sequence[StepSpec],
        services: list[StepSpec],
        source: bytes | IO[bytes] | None,
    ) -> SlipwayError | None:
        """Bring the sources and start the services, as far as any step can run at all.

        :returns: what is wrong with the services: steps for failures are still to run.
        """
        rare = [step for step in steps if step not in usual]
        first = self._startable([*usual, *rare])
        if first is not None and source is not None:
            self._caches.restore(usual)
            container = self._containers.container(first)
            self._engine.put_tar(container, self._spec.workspace, source)
        try:
            if services:
                self._start_services(services, first or services[0])
        except (InputError, ImageUnavailable) as error:
            self._steps.fail(_SERVICES)
            return error
        if first is not None:
            self._shared.open(self._images.facts(first))
        return None

    def _start_services(self, services: list[StepSpec], first: StepSpec) -> None:
        images = {service.name: self._images.facts(service) for service in services}
        Services(
            self._engine,
            self._spec,
            images=images,
            output=self._output,
            onlooker_image=self._images.facts(first).id,
            clock=self._clock,
        ).start(services, self._containers.container, left=self._left)

    def _startable(self, steps: Sequence[StepSpec]) -> StepSpec | None:
        """Return the first of these steps whose container can be made, once it is."""
        for step in steps:
            try:
                self._containers.container(step)
            except (InputError, ImageUnavailable, ContainerRefused):
                self._left()  # the step says for itself what is wrong, when its turn comes
            else:
                return step
        return None

    # All along

    def _describe(self, step: StepSpec, standing: Standing) -> ContainerSpec:
        self._left()
        kind = "service" if step in self._spec.services else "step"
        image = self._images.facts(step)
        status = status_variables(
            self._given.status, started=self._began, now=int(time.time()), standing=standing
        )
        secrets = self._given.secrets
        known = filled_names(step.container.environment, self._spec.late, status)
        named = filled_names(step.secrets, self._spec.late, status)
        # A secret that is not given is empty, as Drone has it.
        known |= {**status, **{k: secrets.get(v, "") for k, v in named.items()}}
        known |= trusting_git(known)
        runnable(step, known)
        return container_of(
            self._spec,
            step,
            kind,
            environment=known,
            image=image.id,
            words=lambda text: filled(text, self._spec.late, status),
            has_healthcheck=kind == "service" and image.has_healthcheck,
            network=self._shared.network(step),
        )

    def _standing(self) -> Standing:
        return Standing(steps=self._steps.failed, pipelines=self._given.failed())

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
            told = f"something of this run could not be removed: {error}"
            self._output.note(told, level=logging.WARNING)


def _stopped() -> PipelineStopped:
    return PipelineStopped("the pipeline was stopped from outside")
