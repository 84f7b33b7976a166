"""What can be looked at without a server: project files, this machine's Docker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import docker
from docker.errors import DockerException

from include.cli.doctor.report import Line
from include.cli.doctor.roles import role_errors
from include.project.loader import PROJECTS, LoadedProjects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.exceptions import SlipwayError

AREA = "project files"


def project_files(shelf: LoadedProjects, name: str, recipes: Path) -> Iterator[Line]:
    """Say which projects there are, and what is wrong with a file.

    :param shelf: the project files.
    :param name: of one alone; all when empty.
    :param recipes: the folder that holds ``packer`` and ``ansible``.
    """
    chosen: Mapping[str, Project] = shelf.projects
    errors: list[SlipwayError] = list(shelf.errors.values())
    if name:
        errors = []
        try:
            chosen = {name: find_project(shelf.projects, name, shelf.errors.values())}
        except SlipwayError as error:
            chosen, errors = {}, [error]
    errors += list(role_errors(chosen.values(), recipes)) if (recipes / "ansible").is_dir() else []
    for project in chosen.values():
        yield Line(area=AREA, what=project.name, words=", ".join(project.environments))
    for one in errors:
        # A mistake of a file is told as its reader words it, with the line.
        yield Line(area=AREA, what="", state="wrong", words=one.message, cure=one.advice)


def engine() -> Iterator[Line]:
    """Say whether this machine's Docker answers; `fab exec` and `fab package` need it."""
    try:
        client = docker.from_env(timeout=10)
        version = str(client.version().get("Version", ""))
        client.close()
    except DockerException as error:
        yield Line(
            area="this machine",
            what="Docker",
            state="not checked",
            words=f"no engine answers ({type(error).__name__})",
            cure="start it, or set DOCKER_HOST, for `fab exec` and `fab package`",
        )
    else:
        yield Line(area="this machine", what="Docker", words=version)


def has_files() -> bool:
    """Tell whether there are project files here at all."""
    return PROJECTS.is_dir()
