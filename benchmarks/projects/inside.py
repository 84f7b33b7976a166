"""What is measured in a process of its own; of dag-factory, by its environment's interpreter.

``python inside.py WORK FOLDER`` prints a line of JSON. It imports nothing of this checkout before
its work does: the yardstick's environment has none of it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def _shape(_: Path) -> dict[str, Any]:
    """Return the guestbook's DAGs as dag-factory has them written."""
    from include.delivery.commit_dag import build, dag_ids
    from include.project.loader import PROJECTS, load_project

    project = load_project(PROJECTS / "guestbook.yaml")
    repository = project.repository.model_copy(update={"pull_requests": None})
    project = project.model_copy(update={"repository": repository})
    dags = {dag_id: build(project, dag_id) for dag_id in dag_ids(project)}
    empty = "airflow.providers.standard.operators.empty.EmptyOperator"
    written = {
        dag_id: {
            "schedule": None,
            "default_args": {"owner": "shop", "start_date": "2026-01-01"},
            "tasks": [
                {
                    "task_id": task.task_id.replace(".", "_"),
                    "operator": empty,
                    "dependencies": sorted(up.replace(".", "_") for up in task.upstream_task_ids),
                }
                for task in dag.tasks
            ],
        }
        for dag_id, dag in dags.items()
    }
    return {"dags": written, "tasks": sum(len(dag.tasks) for dag in dags.values())}


def _all(home: Path) -> dict[str, float]:
    from include.delivery.commit_dag import build, dag_ids
    from include.project.loader import load_projects

    began = time.process_time()
    projects = load_projects(home / "projects").projects.values()
    read = time.process_time()
    dags = [build(project, dag_id) for project in projects for dag_id in dag_ids(project)]
    return _told(began, read, dags)


def _one(home: Path) -> dict[str, float]:
    from include.delivery.project_bundle import ProjectsBundle, dags_of, shards

    folder = home / "projects"
    began = time.process_time()
    bundle = ProjectsBundle(name="projects", projects=str(folder))
    bundle.initialize()
    read = time.process_time()
    total = shards(len(list(folder.iterdir())), 20)
    return _told(began, read, list(dags_of(0, total, str(folder)).values()))


def _task(home: Path) -> dict[str, float]:
    from include.delivery.commit_dag import build
    from include.demo.airflow_environment import PRELOADED
    from include.project.loader import find_by_dag

    for module in PRELOADED:
        import_module(module)
    last = f"{max(path.stem for path in (home / 'projects').iterdir())}.prod"
    began = time.process_time()
    project = find_by_dag(last, home / "projects")
    read = time.process_time()
    if project is None:
        msg = f"no project has the DAG {last}"
        raise LookupError(msg)
    build(project, last)
    return _told(began, read, [])


def _factory(home: Path) -> dict[str, float]:
    from airflow.sdk import DAG

    dagfactory: Any = import_module("dagfactory")  # of the yardstick's environment alone
    began = time.process_time()
    found: dict[str, Any] = {}
    dagfactory.load_yaml_dags(globals_dict=found, dags_folder=str(home / "factory"))
    return _told(began, began, [one for one in found.values() if isinstance(one, DAG)])


def _told(began: float, read: float, dags: list[Any]) -> dict[str, float]:
    from airflow.serialization.serialized_objects import DagSerialization

    built = time.process_time()
    for dag in dags:
        DagSerialization.to_dict(dag)
    return {
        "read": read - began,
        "build": built - read,
        "serialise": time.process_time() - built,
        "dags": len(dags),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


_MEASURED = {"shape": _shape, "all": _all, "one": _one, "task": _task, "factory": _factory}


if __name__ == "__main__":
    print(json.dumps(_MEASURED[sys.argv[1]](Path(sys.argv[2]))))
