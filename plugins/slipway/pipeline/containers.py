"""A compiled step -> the container that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.hooks.container_spec import ContainerSpec, Limits, Security

if TYPE_CHECKING:
    from slipway.pipeline.spec import Isolation, PipelineSpec, StepSpec

# Seconds. Images check themselves every 30 s by default, far too rarely for somebody who waits.
_HEALTH_INTERVAL = 1.0


def container_spec(
    pipeline: PipelineSpec, step: StepSpec, kind: str, *, has_healthcheck: bool
) -> ContainerSpec:
    """Describe a step's container: on the private network, with the shared workspace.

    :param kind: ``step`` or ``service``, for the label.
    :param has_healthcheck: the image checks itself, and should do so often.
    """
    return ContainerSpec(
        name=step.id,
        image=step.image,
        argv=step.command,
        entrypoint=step.entrypoint,
        environment=step.environment,
        working_dir=step.working_dir,
        user=step.user,
        network=pipeline.id,
        aliases=step.aliases,
        volumes={pipeline.id: pipeline.workspace},
        labels={**pipeline.labels, "slipway.kind": kind, "slipway.step": step.name},
        limits=_limits(pipeline.isolation),
        security=_security(pipeline.isolation, privileged=step.privileged),
        health_interval=_HEALTH_INTERVAL if has_healthcheck else None,
    )


def onlooker_spec(
    pipeline: PipelineSpec, service: StepSpec, container: str, image: str
) -> ContainerSpec:
    """Describe a container that shares a service's network and does nothing.

    :param container: the service's.
    :param image: one that has ``sleep`` and ``cat``.
    """
    return ContainerSpec(
        name=f"{service.id}-onlooker",
        image=image,
        entrypoint=("sleep",),
        argv=("3600",),
        network=f"container:{container}",
        labels={**pipeline.labels, "slipway.kind": "service"},
        limits=_limits(pipeline.isolation),
        security=_security(pipeline.isolation, privileged=False),
    )


def _limits(isolation: Isolation) -> Limits:
    return Limits(memory=isolation.memory, cpus=isolation.cpus, pids=isolation.pids)


def _security(isolation: Isolation, *, privileged: bool) -> Security:
    if privileged:
        return Security(privileged=True)
    return Security(
        drop=isolation.drop, add=isolation.add, no_new_privileges=isolation.no_new_privileges
    )
