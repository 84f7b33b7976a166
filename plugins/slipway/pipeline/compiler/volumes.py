"""Where a pipeline's workspace is mounted, and the volumes that its steps may mount."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from slipway.pipeline.compiler.spec import VolumeSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.yaml.model import Pipeline, Volume

WORKSPACE = "/drone/src"
# Mounting the workspace over one of these would take the image's own files away.
_RESTRICTED = (
    "/",
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/usr/bin",
    "/var",
    "/var/run",
)


def workspace_of(pipeline: Pipeline) -> tuple[str, str]:
    """Return where the workspace's volume is mounted, and the sources' place in it."""
    base = posixpath.normpath(pipeline.workspace.base)
    full = posixpath.normpath(posixpath.join(base, pipeline.workspace.path.lstrip("/")))
    inside = full == base or full.startswith(f"{base}/")
    if base in _RESTRICTED or not inside:
        return WORKSPACE, WORKSPACE
    return base, full


def volumes_of(pipeline: Pipeline, identity: str) -> Iterator[VolumeSpec]:
    """Compile those that are volumes; of one name, the first counts.

    :param identity: begins the volumes' names in the engine.
    """
    seen: set[str] = set()
    for number, volume in enumerate(pipeline.volumes, 1):
        if volume.name not in seen and (volume.temp is not None or volume.host is not None):
            yield _volume(volume, f"{identity}-volume-{number}")
            seen.add(volume.name)


def _volume(volume: Volume, name: str) -> VolumeSpec:
    if volume.host is not None and volume.temp is None:
        return VolumeSpec(id=name, name=volume.name, host=volume.host.path)
    memory = volume.temp is not None and volume.temp.medium == "memory"
    size = volume.temp.size_limit if volume.temp is not None else 0
    return VolumeSpec(id=name, name=volume.name, memory=memory, size=size)
