"""Starts a pipeline's services, and waits until each can be used."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from slipway.model.container import CannotStart, ContainerRefused
from slipway.pipeline.compiler.service_ports import AWAITED
from slipway.pipeline.runtime.isolation import onlooker_spec
from slipway.pipeline.runtime.readiness import Service, ServiceStopped, last_lines, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.model.container import ImageFacts
    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec
    from slipway.pipeline.runtime.engine import Engine
    from slipway.pipeline.runtime.log_groups import LogGroups

_Made = TypeVar("_Made")
# What a shell answers for a program that does not exist.
_NOT_FOUND = 127
# Seconds that a service may take until it is ready.
SERVICE_TIMEOUT = 90.0
_GO_ON = (
    "the steps begin all the same. Where it listens can be said with `ports`, and that nobody is "
    f"to wait with `environment: {{{AWAITED}: none}}`. Its last lines:"
)


class Services:
    """The services of one run.

    :param engine: where the containers run.
    :param spec: the pipeline.
    :param images: service -> what its image says of itself.
    :param output: receives each service's lines as a group.
    :param onlooker_image: one that has ``sleep`` and ``cat``.
    :param clock: seconds, never going back.
    """

    def __init__(
        self,
        engine: Engine,
        spec: PipelineSpec,
        *,
        images: Mapping[str, ImageFacts],
        output: LogGroups,
        onlooker_image: str,
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._images = images
        self._output = output
        self._onlooker_image = onlooker_image
        self._clock = clock

    def start(
        self,
        services: list[StepSpec],
        container: Callable[[StepSpec], str],
        *,
        left: Callable[[], float],
    ) -> None:
        """Start all, then wait for each.

        :param services: as they were compiled.
        :param container: returns a service's container.
        :param left: the seconds that the run has left.
        :raises ServiceStopped: when one ends before it can be used, or cannot even begin.
        """
        key = f"{self._spec.id} services"
        self._output.begin(key, "services")
        summary = "not ready"
        try:
            made = {service.name: _taken(service, container) for service in services}
            for service in services:
                _taken(service, lambda one: self._engine.start(made[one.name]))
            until = self._clock() + min(SERVICE_TIMEOUT, left())
            found = [self._wait(one, made[one.name], until, key) for one in services]
            left()
            summary = f"{sum(found)} of {len(found)} ready"
        finally:
            self._output.end(key, summary)

    def _wait(self, service: StepSpec, container: str, until: float, key: str) -> bool:
        """Wait for a service, and say how it went; returns whether it is ready."""
        end = wait_until_ready(
            self._engine,
            Service(
                name=service.name,
                container=container,
                image=self._images[service.name],
                ports=service.awaited_ports,
            ),
            timeout=max(0.0, until - self._clock()),
            onlooker=partial(self._onlooker, service, container),
            mask=self._output.mask,
            clock=self._clock,
        )
        title = f"{service.name} ({service.image})"
        if not end.lacking:
            self._output.line(key, f"{title} ready after {end.seconds:.1f} s")
            return True
        self._output.line(key, f"{title} {end.lacking} after {end.seconds:.0f} s; {_GO_ON}")
        for line in last_lines(self._engine, container, mask=self._output.mask):
            self._output.line(key, f"    {line}")
        return False

    def _onlooker(self, service: StepSpec, container: str) -> str:
        """Start a container of the first step's image inside a service's network."""
        spec = onlooker_spec(self._spec, service, container, self._onlooker_image)
        onlooker = self._engine.create(spec)
        self._engine.start(onlooker)
        return onlooker


def _taken(service: StepSpec, act: Callable[[StepSpec], _Made]) -> _Made:
    """Do something with a service's container that the engine may refuse to do.

    :raises ServiceStopped: when it does.
    """
    try:
        return act(service)
    except (CannotStart, ContainerRefused) as error:
        msg = f"service {service.name!r} cannot be started: {error.message}"
        raise ServiceStopped(msg, exit_code=_NOT_FOUND, advice=error.advice) from error
