"""The variables of one pipeline of a build: its place in the file, and its workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.pipeline.yaml.conditions import Event
    from slipway.pipeline.yaml.model import Pipeline


def stage_variables(pipeline: Pipeline, number: int, identity: str, event: Event) -> dict[str, str]:
    """Return what a pipeline's steps are told of it.

    :param pipeline: as it was read.
    :param number: its place in the file, from 1.
    :param identity: begins the names of everything that is made for it.
    :param event: what made the build.
    """
    return {
        "CI_JOB_NUMBER": str(number),
        "DRONE_DOCKER_NETWORK_ID": identity,
        "DRONE_DOCKER_VOLUME_ID": identity,
        "DRONE_STAGE_ARCH": pipeline.platform.arch,
        "DRONE_STAGE_DEPENDS_ON": ",".join(pipeline.depends_on),
        "DRONE_STAGE_KIND": pipeline.kind,
        "DRONE_STAGE_MACHINE": event.instance,
        "DRONE_STAGE_NAME": pipeline.name,
        "DRONE_STAGE_NUMBER": str(number),
        "DRONE_STAGE_OS": pipeline.platform.os,
        "DRONE_STAGE_TYPE": "docker",
        "DRONE_STAGE_VARIANT": pipeline.platform.variant,
    }


def workspace_variables(base: str, workspace: str) -> dict[str, str]:
    """Return what the steps are told of where the sources lie.

    :param base: where the workspace is mounted.
    :param workspace: where the sources are in it.
    """
    return {
        "CI_WORKSPACE": workspace,
        "DRONE_WORKSPACE": workspace,
        "DRONE_WORKSPACE_BASE": base,
        "DRONE_WORKSPACE_PATH": workspace.removeprefix(base).strip("/"),
    }
