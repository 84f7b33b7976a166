"""Two projects of the smallest example, as the browser finds them: three environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from include.localcloud import infrastructure
from tests.cloud_process import REGION
from tests.e2e.conftest import ENDPOINT, INSTALLATION
from tests.fakes.git_server import Repository
from tests.fakes.hello import copy_as, environment_file, project_file
from tests.lanes import port

# Of each environment's load balancer.
LISTENERS = {
    "hello": {"dev": port(8094)},
    "shop": {"dev": port(8095), "prod": port(8096)},
}
_DAGS = '''"""Of the tests: the DAGs of every project file in a folder of theirs."""
from pathlib import Path

from airflow.sdk import DAG
from include.delivery.commit_dag import build, dag_ids
from include.delivery.commits_dag import commits_dag
from include.delivery.controls.controls_dag import controls_dag
from include.project.loader import load_projects


def projects():
    return load_projects(Path({folder!r})).projects.values()


for project in projects():
    globals().update({{dag_id: build(project, dag_id) for dag_id in dag_ids(project)}})
commits = commits_dag(projects)
controls = controls_dag(projects())
'''


def repository_of(name: str, base: Path, url: str) -> Repository:
    """Make a repository of the example, as a package of a project's own.

    :param name: the project's.
    :param base: what a git daemon serves.
    :param url: at which it does.
    """
    made = Repository(base / f"board-{name}", f"{url}/board-{name}")
    copy_as(name, made.path)
    made.commit("Say hello")
    return made


def lay_out(name: str) -> None:
    """Make what an infrastructure team would: for each environment a load balancer."""
    infrastructure.lay_project(
        endpoint=ENDPOINT,
        region=REGION,
        installation=INSTALLATION,
        project=name,
        listeners=LISTENERS[name],
        app_port=8000,
        health_path="/healthz",
    )


def write(folder: Path, dags: Path, urls: dict[str, str]) -> None:
    """Write the project files, and the DAG file that reads them.

    :param folder: of the project files.
    :param dags: of Airflow.
    :param urls: each project's repository.
    """
    folder.mkdir()
    dags.mkdir()
    for name, url in urls.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(_project(name, url)))
    (dags / "board_projects.py").write_text(_DAGS.format(folder=str(folder)))


def _project(name: str, url: str) -> dict[str, Any]:
    places = {"dev": environment_file(f"{name}-dev", REGION, deploy="continuous")}
    if "prod" in LISTENERS[name]:
        # Whoever asks for a release never says yes to it.
        asked = {"approval": True, "four_eyes": True, "keep_old": "10m"}
        may = {"deploy": ["ann"], "approve": ["ann", "bob"], "hold": ["ann"]}
        places["prod"] = environment_file(f"{name}-prod", REGION, deploy="manual", may=may, **asked)
    return project_file(name, url, **places)
