"""What the machines of a project's environments are, all of its file considered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.project.machines.written import described
from slipway.model.cloud.machine import Architecture, Machine, smallest_like

if TYPE_CHECKING:
    from include.project.model import Project


def machine_of(project: Project, environment: str) -> Machine:
    """Return what the machines of an environment are.

    :param project: the project.
    :param environment: the environment's name.
    """
    return described(project.machine_spec(environment))


def architectures(project: Project) -> tuple[Architecture, ...]:
    """Return which architectures a project's machines have, in an order that stays."""
    found = {machine_of(project, name).architecture for name in project.environments}
    return tuple(one for one in Architecture if one in found)


def instance_type(project: Project, environment: str) -> str:
    """Return what type the machines of an environment are.

    :param project: the project.
    :param environment: the environment's name.
    """
    found, kind = project.environments[environment].instance, machine_of(project, environment)
    if "type" in found.model_fields_set or kind.architecture is Architecture.AMD64:
        return found.type
    return smallest_like(found.type, kind.architecture)
