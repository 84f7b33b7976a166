"""Whether the roles and variables that project files name are in this tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from include.project.machines.of_project import machine_of
from include.project.model import Project
from slipway.exceptions import SlipwayError
from slipway.hooks.tools.project_roles import machine_recipe


def role_errors(projects: Iterable[Project], recipes: Path) -> Iterator[SlipwayError]:
    """Say what of each project's machines no role knows, once for all of its environments.

    :param projects: as their files have them.
    :param recipes: the folder that holds ``packer`` and ``ansible``.
    """
    for project in projects:
        said: set[str] = set()
        for name in project.environments:
            machine = machine_of(project, name)
            if machine.is_plain:
                continue
            try:
                machine_recipe(recipes, project.name, machine)
            except SlipwayError as error:
                if str(error) not in said:
                    yield error
                said.add(str(error))
