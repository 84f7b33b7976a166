"""A compiled step -> the container that it runs in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from slipway.model.container import BESIDE, ContainerSpec, Limits, Security

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.pipeline.compiler.spec import Isolation, PipelineSpec, StepSpec

_Number = TypeVar("_Number", int, float)
# Bytes; sleeping takes next to nothing.
_HOLDER_MEMORY = 64 << 20
# Seconds. Images check themselves every 30 s by default, far too rarely for somebody who waits.
_HEALTH_INTERVAL = 1.0


def container_of(
    pipeline: PipelineSpec,
    step: StepSpec,
    kind: str,
    *,
    environment: Mapping[str, str],
    image: str,
    has_healthcheck: bool,
    words: Callable[[str], str] = str,
    network: str | None = None,
) -> ContainerSpec:
    """Put a step's container on the private network, with the shared workspace, and isolate it.

    :param pipeline: the compiled pipeline.
    :param step: the compiled step.
    :param kind: ``step`` or ``service``, for the label.
    :param environment: the step's, with what is known only now: secrets, and how the run stands.
    :param image: the id of what its image's name was found to mean; the name may have moved since.
    :param has_healthcheck: the image checks itself, and should do so often.
    :param words: fills in what is known only now in the words that it runs.
    :param network: joined in place of the pipeline's own.
    """
    wanted = step.container
    return replace(
        _with_volumes(wanted, pipeline, step.mounts),
        image=image,
        argv=None if wanted.argv is None else tuple(map(words, wanted.argv)),
        entrypoint=None if wanted.entrypoint is None else tuple(map(words, wanted.entrypoint)),
        environment=environment,
        network=network or wanted.network or pipeline.id,
        aliases=tuple(dict.fromkeys((step.name, *wanted.aliases))),
        labels={**pipeline.labels, "slipway.kind": kind, "slipway.step": step.name},
        limits=_limits(pipeline.isolation, wanted.limits),
        security=_security(pipeline.isolation, privileged=wanted.security.privileged),
        health_interval=_HEALTH_INTERVAL if has_healthcheck else None,
    )


def _with_volumes(
    container: ContainerSpec, pipeline: PipelineSpec, mounts: Mapping[str, str]
) -> ContainerSpec:
    """Mount the workspace, and those of the pipeline's volumes that a step names."""
    volumes = {pipeline.id: pipeline.workspace_base}
    host_folders, tmpfs = {}, {}
    by_name = {volume.name: volume for volume in pipeline.volumes}
    for path, name in mounts.items():
        volume = by_name[name]
        if volume.host is not None:
            host_folders[path] = volume.host
        elif volume.memory:
            tmpfs[path] = f"size={volume.size}" if volume.size else ""
        else:
            volumes[volume.id] = path
    return replace(container, volumes=volumes, host_folders=host_folders, tmpfs=tmpfs)


def onlooker_spec(
    pipeline: PipelineSpec, service: StepSpec, container: str, image: str
) -> ContainerSpec:
    """Describe a container that shares a service's network and does nothing.

    :param pipeline: the compiled pipeline.
    :param service: the compiled service.
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
        limits=_limits(pipeline.isolation, Limits()),
        security=_security(pipeline.isolation, privileged=False),
    )


def owner_spec(pipeline: PipelineSpec, step: StepSpec, image: str, user: str) -> ContainerSpec:
    """Describe a container that makes the whole workspace one user's.

    It is of the step's image, which alone knows its users by name, and sees nothing else.

    :param pipeline: the compiled pipeline.
    :param step: the compiled step.
    :param image: the step's.
    :param user: name or id, with an optional group.
    """
    return ContainerSpec(
        name=f"{step.id}-owner",
        image=image,
        entrypoint=("chown",),
        argv=("-Rh", "--", user, pipeline.workspace_base),
        user="0",
        network="none",
        volumes={pipeline.id: pipeline.workspace_base},
        labels={**pipeline.labels, "slipway.kind": "owner"},
        limits=_limits(pipeline.isolation, Limits()),
        security=_security(pipeline.isolation, privileged=False),
    )


def holder_spec(pipeline: PipelineSpec, image: str, aliases: tuple[str, ...] = ()) -> ContainerSpec:
    """Describe a container that only keeps a network namespace open.

    :param pipeline: the compiled pipeline.
    :param image: one that has ``sleep``.
    :param aliases: the names of those that share it.
    """
    return ContainerSpec(
        name=f"{pipeline.id}-network",
        image=image,
        entrypoint=("sleep",),
        argv=("86400",),
        network=pipeline.id,
        aliases=aliases,
        labels={**pipeline.labels, "slipway.kind": "network"},
        limits=Limits(memory=_HOLDER_MEMORY, pids=8),
        security=Security(drop=("ALL",), no_new_privileges=True),
    )


def isolated(spec: ContainerSpec, isolation: Isolation) -> ContainerSpec:
    """Give a container that is no step's the limits and rights of one.

    :param spec: the container.
    :param isolation: e.g. that of untrusted projects.
    """
    return replace(
        spec, limits=_limits(isolation, Limits()), security=_security(isolation, privileged=False)
    )


def _limits(isolation: Isolation, wanted: Limits) -> Limits:
    """Combine what the project may use with what the step asks for: the lower of both."""
    # Without a word on swap, an engine gives as much of it as there is memory.
    both = 2 * isolation.memory if isolation.memory else None
    return Limits(
        memory=_lower(isolation.memory, wanted.memory),
        memory_swap=_swap(both, wanted.memory_swap) if wanted.memory_swap else None,
        shm=wanted.shm,
        cpus=_lower(isolation.cpus, wanted.cpus),
        pids=isolation.pids,
        share=BESIDE,
    )


def _swap(most: int | None, wanted: int) -> int:
    """Return how much memory and swap a step gets; -1 is as much as there may be."""
    if most is None:
        return wanted
    return most if wanted < 0 else min(most, wanted)


def _lower(one: _Number | None, other: _Number | None) -> _Number | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _security(isolation: Isolation, *, privileged: bool) -> Security:
    if privileged:
        return Security(privileged=True)
    return Security(
        drop=isolation.drop, add=isolation.add, no_new_privileges=isolation.no_new_privileges
    )
