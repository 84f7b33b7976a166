"""Reading the project files.

One broken file never takes another project with it: reading returns the projects that are
right and the errors of those that are not, and the callers decide where each is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from include.project.clashes import Names, sharing_commits
from include.project.errors import misfit, repeated
from include.project.model import Project
from include.project.yaml_file import read_yaml
from slipway.exceptions import ProjectFileError

PROJECTS = Path(__file__).parent.parent / "projects"
PATTERNS = ("*.yaml", "*.yml", "*/*.yaml", "*/*.yml")

# The DAGs of all projects together, whose ids no project's DAG can have as well.
SHARED = ("commits", "controls", "housekeeping", "statuses")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedProjects:
    """What a folder of project files holds.

    :param projects: each by its name.
    :param errors: what is wrong with a file, by the file.
    :param by_file: the same projects, by their files.
    """

    projects: dict[str, Project]
    errors: dict[str, ProjectFileError]
    by_file: dict[str, Project] = field(default_factory=dict)

    def raise_for_errors(self) -> None:
        """Raise what is wrong with the files, all of it at once.

        :raises ProjectFileError: each mistake as the file's reader worded it.
        """
        if self.errors:
            raise ProjectFileError("\n".join(str(error) for error in self.errors.values()))


def load_project(path: Path, file: str = "") -> Project:
    """Read one project file.

    :param path: the YAML file.
    :param file: how it is called in messages, if not by its name.
    :raises ProjectFileError: naming file, line, field and the nearest right name.
    """
    file = file or path.name
    root, data = read_yaml(path, file)
    if (twice := repeated(file, root)) is not None:
        raise twice
    try:
        project = Project.model_validate(data)
    except ValidationError as error:
        raise misfit(file, root, Project, error) from error
    if project.name in SHARED:
        msg = f"{file}: {project.name!r} is the name of a DAG of all projects together"
        raise ProjectFileError(msg, advice="give the project another name")
    return project


def load_projects(folder: Path = PROJECTS) -> LoadedProjects:
    """Read all project files, in the order of their names.

    What has a name that an earlier file has already is an error as well.

    :param folder: where the project files lie.
    """
    read: dict[str, Project] = {}
    errors: dict[str, ProjectFileError] = {}
    names = Names()
    for path in project_files(folder):
        file = str(path.relative_to(folder))
        try:
            project = _load(path, file)
            names.take(file, project)
        except ProjectFileError as error:
            errors[file] = error
        else:
            read[file] = project
    shared = sharing_commits(read.values())
    by_file = {file: _among(project, shared) for file, project in read.items()}
    projects = {project.name: project for project in by_file.values()}
    return LoadedProjects(projects=projects, errors=errors, by_file=by_file)


def project_files(folder: Path = PROJECTS) -> list[Path]:
    """List the project files, in the order of their names.

    They are the ``*.yaml`` and ``*.yml`` in the folder and in the folders in it, each of which may
    be a team's: a repository of its own, a link, a volume. What begins with a dot is left alone.

    :param folder: where they lie.
    """
    found = (path for pattern in PATTERNS for path in folder.glob(pattern))
    mine = [path for path in found if not _is_hidden(path.relative_to(folder))]
    return sorted(mine, key=lambda path: path.relative_to(folder).parts)


def find_by_dag(dag_id: str, folder: Path = PROJECTS) -> Project | None:
    """Find the project that a DAG belongs to, reading as little as that takes.

    It is what a task's process does first, so a file that does not have the name in it is not
    parsed. Which files have names that clash, :func:`load_projects` says before there is a DAG.

    :param dag_id: of one of the project's DAGs: its name, or its name, a dot and more.
    :param folder: where the project files lie.
    :returns: None where no file that is right has that name.
    """
    name = dag_id.partition(".")[0]
    found = next((one for one in _with(name, folder) if one.name == name), None)
    if found is None:  # it may be written with escapes
        return load_projects(folder).projects.get(name)
    if not found.repository.statuses:
        return found
    place = found.repository.url.rpartition("/")[2].removesuffix(".git")
    return _among(found, sharing_commits(_with(place, folder)))


def _with(text: str, folder: Path) -> Iterator[Project]:
    """Read the files that have a text in them, in whatever case, and are right."""
    wanted = text.lower().encode()
    for path in project_files(folder):
        with suppress(OSError, ProjectFileError):  # they are shown where all are read
            if wanted in path.read_bytes().lower():
                yield load_project(path)


def _among(project: Project, shared: Collection[str]) -> Project:
    return project.sharing_commits() if project.name in shared else project


def _load(path: Path, file: str) -> Project:
    """Read a file that may have been read by this process before; a watcher reads often."""
    try:
        found = path.stat()
    except OSError:
        return load_project(path, file)
    return _kept(path, file, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=16_384)
def _kept(path: Path, file: str, _state: tuple[int, ...]) -> Project:
    return load_project(path, file)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
