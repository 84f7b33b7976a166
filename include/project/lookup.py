"""A project and its environment, by the names that somebody typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from include.project.model import Environment, Project
from slipway.exceptions import ProjectFileError
from slipway.model.text.nearest import nearest


def find_project(
    projects: Mapping[str, Project], name: str, errors: Iterable[ProjectFileError] = ()
) -> Project:
    """Return the project of a name.

    :param projects: that there are, by their names.
    :param name: as somebody typed it.
    :param errors: what is wrong with the files of others.
    :raises ProjectFileError: when there is none, with the nearest; or what is wrong with its file.
    """
    found = projects.get(name)
    if found is None:
        raise _broken(name, errors) or _unknown("there is no project", name, projects)
    return found


def find_environment(project: Project, name: str) -> Environment:
    """Return a project's environment of a name.

    :param project: whose environment it is.
    :param name: as somebody typed it.
    :raises ProjectFileError: when there is none, with the nearest.
    """
    found = project.environments.get(name)
    if found is None:
        words = f"{project.name} has no environment"
        raise _unknown(words, name, project.environments)
    return found


def find_place(
    projects: Mapping[str, Project],
    name: str,
    environment: str,
    errors: Iterable[ProjectFileError] = (),
) -> tuple[Project, Environment | None]:
    """Return a project and one of its environments, where one is named.

    :param projects: that there are, by their names.
    :param name: the project's, as somebody typed it.
    :param environment: the environment's, likewise; empty where none is named.
    :param errors: what is wrong with the files of others.
    :raises ProjectFileError: when there is none, with the nearest, or with both in their order.
    """
    swapped = projects.get(environment)
    if name not in projects and swapped is not None and name in swapped.environments:
        msg = f"there is no project {name!r}; it is an environment of {environment}"
        raise ProjectFileError(msg, advice=f"the project comes first: {environment} {name}")
    project = find_project(projects, name, errors)
    return project, find_environment(project, environment) if environment else None


def _broken(name: str, errors: Iterable[ProjectFileError]) -> ProjectFileError | None:
    return next((one for one in errors if one.message.startswith(f"{name}.yaml:")), None)


def _unknown(words: str, name: str, known: Collection[str]) -> ProjectFileError:
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near else ""
    return ProjectFileError(
        f"{words} {name!r}{hint}", advice=f"there is {', '.join(known) or 'none'}"
    )
