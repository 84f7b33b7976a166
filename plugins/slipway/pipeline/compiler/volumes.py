"""Where a pipeline's workspace is mounted, and the volumes that its steps may mount."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from slipway.pipeline.compiler.spec import VolumeSpec
from slipway.pipeline.yaml.values import normal_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.yaml.model import Pipeline, Volume

WORKSPACE = "/drone/src"
# Mounting the workspace over one of these would take the image's own files away, and over what is
# below some of them as well.
_OWN = ("/", "/etc", "/lib", "/lib64", "/usr", "/usr/lib", "/usr/local", "/var")
_OWN_WITH_ALL = (
    "/bin",
    "/dev",
    "/etc/docker",
    "/media",
    "/mnt",
    "/mount",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/var/run",
)
# What no engine takes in the path of a mount.
_UNFIT = re.compile(r"[:\x00-\x1f]")


def workspace_of(pipeline: Pipeline) -> tuple[str, str]:
    """Return where the workspace's volume is mounted, and the sources' place in it.

    :param pipeline: one whose variables are replaced by their values.
    """
    base = normal_path(pipeline.workspace.base)
    full = normal_path(posixpath.join(base, pipeline.workspace.path.lstrip("/")))
    inside = full == base or full.startswith(f"{base}/")
    if not inside or _UNFIT.search(full) or _is_an_images_own(base) or _is_an_images_own(full):
        return WORKSPACE, WORKSPACE
    return base, full


def _is_an_images_own(path: str) -> bool:
    path = path.lower()
    return path in _OWN or any(path == one or path.startswith(f"{one}/") for one in _OWN_WITH_ALL)


def volumes_of(pipeline: Pipeline, identity: str) -> Iterator[VolumeSpec]:
    """Compile those that are volumes; of one name, the first counts.

    :param pipeline: as the file has it.
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
