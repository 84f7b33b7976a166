"""What the images of an environment are made of, as a project file says it."""

from __future__ import annotations

from include.project.machines.of_project import instance_type, machine_of
from include.project.model import Project
from slipway.tasks.images.layers import Layers


def image_layers(project: Project, name: str, recipes: str | None = None) -> Layers:
    """Say to whoever bakes, or looks, what the layers of an environment's images are.

    :param project: the project.
    :param name: the environment's name.
    :param recipes: the folder that holds ``packer`` and ``ansible``; ``[slipway] recipes`` when
        None.
    """
    return Layers(
        region=project.environments[name].aws.region,
        unit=project.package.unit,
        config=project.package.config,
        uses=project.package.uses,
        recipes=recipes,
        machine=machine_of(project, name),
        instance_type=instance_type(project, name),
    )
