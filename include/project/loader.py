"""Reading the project files.

One broken file never takes another project with it: reading returns the projects that are
right and the errors of those that are not, and the callers decide where each is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from include.project.clashes import Names
from include.project.errors import misfit, repeated, unreadable
from include.project.model import Project
from slipway.exceptions import ProjectFileError

PROJECTS = Path(__file__).parent.parent / "projects"


# The DAGs of all projects together, whose ids no project's DAG can have as well.
SHARED = ("commits", "housekeeping", "statuses")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedProjects:
    """What a folder of project files holds."""

    projects: dict[str, Project]
    errors: dict[str, ProjectFileError]

    def raise_for_errors(self) -> None:
        """Raise what is wrong with the files, all of it at once.

        :raises ProjectFileError: each mistake as the file's reader worded it.
        """
        if self.errors:
            raise ProjectFileError("\n".join(str(error) for error in self.errors.values()))


def load_project(path: Path) -> Project:
    """Read one project file.

    :param path: the YAML file.
    :raises ProjectFileError: naming file, line, field and the nearest right name.
    """
    text = path.read_text(encoding="utf-8")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise unreadable(path, error) from error
    if root is None:
        msg = f"{path.name}:1:1: the file is empty"
        raise ProjectFileError(msg, advice="include/projects/guestbook.yaml is an example")
    if (twice := repeated(path, root)) is not None:
        raise twice
    try:
        project = Project.model_validate(data)
    except ValidationError as error:
        raise misfit(path, root, Project, error) from error
    if project.name in SHARED:
        msg = f"{path.name}: {project.name!r} is the name of a DAG of all projects together"
        raise ProjectFileError(msg, advice="give the project another name")
    return project


def load_projects(folder: Path = PROJECTS) -> LoadedProjects:
    """Read every ``*.yaml`` and ``*.yml`` in a folder, in the order of their names.

    What has a name that an earlier file has already is an error as well.

    :param folder: where the project files lie.
    """
    projects: dict[str, Project] = {}
    errors: dict[str, ProjectFileError] = {}
    names = Names()
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            project = load_project(path)
            names.take(path.name, project)
        except ProjectFileError as error:
            errors[path.name] = error
        else:
            projects[project.name] = project
    return LoadedProjects(projects=projects, errors=errors)
