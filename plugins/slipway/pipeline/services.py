"""Starts a pipeline's services, and waits until each can be used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slipway.pipeline.containers import onlooker_spec
from slipway.pipeline.readiness import Service, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.hooks.container_spec import ImageFacts
    from slipway.pipeline.engine import Engine
    from slipway.pipeline.log_groups import LogGroups
    from slipway.pipeline.spec import PipelineSpec, StepSpec

# Seconds that a service may take until it is ready.
SERVICE_TIMEOUT = 90.0


class Services:
    """The services of one run.

    :param images: what the services' images say of themselves.
    :param onlooker_image: one that has ``sleep`` and ``cat``.
    :param clock: seconds, never going back.
    """

    def __init__(
        self, engine: Engine, spec: PipelineSpec, *, images: Mapping[str, ImageFacts],
        output: LogGroups, onlooker_image: str, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._engine = engine
        self._spec = spec
        self._images = images
        self._output = output
        self._onlooker_image = onlooker_image
        self._clock = clock

    def start(
        self, services: list[StepSpec], container: Callable[[StepSpec], str], *,
        left: Callable[[], float],
    ) -> None:  # fmt: skip
        """Start all, then wait for each.

        :param container: returns a service's container.
        :param left: the seconds that the run has left.
        :raises ServiceStopped: when one ends before it can be used.
        :raises StepTimedOut: when one is not ready in time.
        """
        key = f"{self._spec.id} services"
        self._output.begin(key, "services")
        summary = "not ready"
        try:
            made = {service.name: container(service) for service in services}
            for one in made.values():
                self._engine.start(one)
            for service in services:
                seconds = self._wait(service, made[service.name], min(SERVICE_TIMEOUT, left()))
                line = f"{service.name} ({service.image}) ready after {seconds:.1f} s"
                self._output.line(key, line)
            summary = f"{len(services)} ready"
        finally:
            self._output.end(key, summary)

    def _wait(self, service: StepSpec, container: str, timeout: float) -> float:
        return wait_until_ready(
            self._engine,
            Service(name=service.name, container=container, image=self._images[service.image]),
            timeout=timeout,
            onlooker=partial(self._onlooker, service, container),
            mask=self._output.mask,
            clock=self._clock,
        )

    def _onlooker(self, service: StepSpec, container: str) -> str:
        """Start a container of the first step's image inside a service's network."""
        spec = onlooker_spec(self._spec, service, container, self._onlooker_image)
        onlooker = self._engine.create(spec)
        self._engine.start(onlooker)
        return onlooker
