"""Airflow's view of many projects: a few small DAG files, each of which has the DAGs of some.

Airflow's processor reads a DAG file whole, in a process of its own. With all projects in one file
a change of one costs the building of all; with a file for each, a thousand processes begin where
fifty would do. So the project files are dealt out by their names to as many DAG files as give each
about twenty. One that changed has its DAG file written anew, which Airflow then reads at once.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle
from airflow.sdk import DAG, get_parsing_context
from airflow.sdk.configuration import conf

from include.delivery.commit_dag import build, dag_ids
from include.project.loader import PROJECTS, find_by_dag, load_projects, project_files

# Project files in a DAG file: about as many as take as long to build as a process to begin.
EACH = 20
# Airflow takes a file for one of DAGs that has both words in it.
_STUB = '''"""Airflow DAGs of {count} projects. Written by ProjectsBundle; state {state}."""

from include.delivery.project_bundle import dags_of

globals().update(dags_of({number}, {total}, {folder!r}))
'''


class ProjectsBundle(BaseDagBundle):
    """The DAGs of all projects, as a bundle beside that of ``dags/``.

    What the project files say is read when the DAG files are; nothing is kept here but which of
    them are where. A worker without the processor's disk writes the same files for itself.

    :param projects: the folder of the project files.
    :param each: project files in a DAG file, about.
    :param kwargs: those of Airflow's bundles.

    Example, as ``[dag_processor] dag_bundle_config_list`` has it::

        [
            {
                "name": "projects",
                "classpath": "include.delivery.project_bundle.ProjectsBundle",
                "kwargs": {"refresh_interval": 10}
            }
        ]
    """

    def __init__(self, *, projects: str = str(PROJECTS), each: int = EACH, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._projects, self._each = Path(projects), each

    @property
    def path(self) -> Path:
        """Where the DAG files are."""
        return self.base_dir / "dags"

    def get_current_version(self) -> None:
        """Return nothing: a run always sees the project files as they are."""

    def initialize(self) -> None:
        """Write the DAG files, where they are not those of now."""
        self.refresh()
        super().initialize()

    def refresh(self) -> None:
        """Look at which project files there are, and which changed, without reading them."""
        self.path.mkdir(parents=True, exist_ok=True)
        files = project_files(self._projects)
        total = shards(len(files), self._each)
        wanted = {
            f"projects_{number:03d}_of_{total:03d}.py": _STUB.format(
                count=len(mine),
                state=_state(mine),
                number=number,
                total=total,
                folder=str(self._projects),
            )
            for number, mine in _dealt(files, self._projects, total).items()
        }
        for name, text in wanted.items():
            _write_if_new(self.path / name, text)
        for path in self.path.glob("projects_*.py"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)


def dags_of(number: int, total: int, projects: str) -> dict[str, DAG]:
    """Build the DAGs of one DAG file; in a task's process the task's own alone.

    :param number: of the file.
    :param total: how many files there are.
    :param projects: the folder of the project files.
    :returns: each DAG by its id.
    """
    folder = Path(projects)
    if (wanted := get_parsing_context().dag_id) is not None:
        return own_dag(wanted, folder)
    mine = _dealt(project_files(folder), folder, total).get(number, [])
    # All are read, since a name that an earlier file has is a mistake in a later one.
    read = load_projects(folder).by_file
    chosen = [read[file] for path in mine if (file := str(path.relative_to(folder))) in read]
    return {dag_id: build(project, dag_id) for project in chosen for dag_id in dag_ids(project)}


def own_dag(dag_id: str, folder: Path = PROJECTS) -> dict[str, DAG]:
    """Build the one DAG that a task's process needs.

    :param dag_id: its id.
    :param folder: of the project files.
    :returns: the DAG by its id; nothing where there is none.
    """
    project = find_by_dag(dag_id, folder)
    if project is None or dag_id not in dag_ids(project):
        return {}
    return {dag_id: build(project, dag_id)}


def is_in_use() -> bool:
    """Tell whether Airflow's settings have the bundle, in place of ``dags/projects.py``."""
    return ProjectsBundle.__name__ in conf.get("dag_processor", "dag_bundle_config_list")


def shards(count: int, each: int) -> int:
    """Return how many DAG files there are: a power of two, so that few are dealt anew.

    :param count: of project files.
    :param each: of which a DAG file has about this many.
    """
    return 1 << max(0, -(-count // each) - 1).bit_length()


def _dealt(files: Iterable[Path], folder: Path, total: int) -> dict[int, list[Path]]:
    dealt: defaultdict[int, list[Path]] = defaultdict(list)
    for path in files:
        digest = hashlib.sha256(str(path.relative_to(folder)).encode()).digest()
        dealt[int.from_bytes(digest[:8], "big") % total].append(path)
    return dict(dealt)


def _state(files: Iterable[Path]) -> str:
    """Return what is different as soon as one of the files is."""
    digest = hashlib.sha256()
    for path in files:
        try:
            found = path.stat()
        except OSError:
            continue  # gone meanwhile: the next look sees it
        digest.update(f"{path}\0{found.st_ino}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def _write_if_new(path: Path, text: str) -> None:
    """Write a file whole or not at all: another process of this machine may do the same."""
    try:
        if path.read_text() == text:
            return
    except OSError:
        pass
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)
