"""``python -m benchmarks.projects``: what a thousand project files cost, beside dag-factory's.

Copies of the guestbook's project file are read, built and serialised, as Airflow's processor does,
each measurement in a process of its own: all of them in one; those of one DAG file of
:class:`include.delivery.project_bundle.ProjectsBundle`; and what a task's process does before its
task. The yardstick is dag-factory with as many files, DAGs, tasks and edges, all of them empty
operators. It lives in an environment of its own, which is made for it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DAG_FACTORY = "dag-factory==1.1.0"
_ROUNDS = 3


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--yardstick", type=Path, help="an environment that has dag-factory")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        work, folder = arguments.inside.split(":", 1)
        print(json.dumps(_MEASURED[work](Path(folder))))
        return
    with tempfile.TemporaryDirectory(prefix="slipway-projects-") as name:
        _compare(Path(name), arguments.projects, arguments.yardstick)


def _compare(home: Path, count: int, yardstick: Path | None) -> None:
    (home / "projects").mkdir()
    (home / "factory").mkdir()
    shape = _in_own_process("shape", home, sys.executable)
    for name in write_copies(home / "projects", count):
        # JSON is YAML as well.
        (home / "factory" / f"{name}.yaml").write_text(json.dumps(_renamed(shape["dags"], name)))
    python = str((yardstick or _yardstick(home / "venv")) / "bin" / "python")
    rows = {
        "all, in one DAG file": _median("all", home, sys.executable),
        "one DAG file of the bundle": _median("one", home, sys.executable),
        "a task's start": _median("task", home, sys.executable),
        "dag-factory, all": _median("factory", home, python),
    }
    print(f"{count} projects, {3 * count} DAGs, {shape['tasks'] * count} tasks; seconds of CPU")
    print(f"{'':28} {'read':>8} {'build':>8} {'serialise':>9} {'sum':>8} {'MiB':>6}")
    for label, row in rows.items():
        total = row["read"] + row["build"] + row["serialise"]
        figures = f"{row['read']:8.3f} {row['build']:8.3f} {row['serialise']:9.3f} {total:8.3f}"
        print(f"{label:28} {figures} {row['mib']:6.0f}")


def write_copies(folder: Path, count: int) -> list[str]:
    """Write copies of the guestbook's project file, three DAGs each; return their names.

    :param folder: of the project files.
    :param count: how many.
    """
    guestbook = (ROOT / "include" / "projects" / "guestbook.yaml").read_text()
    names = [f"p{number:04d}" for number in range(count)]
    for name in names:
        text = guestbook.replace("name: guestbook", f"name: {name}")
        text = text.replace("  pull_requests: true\n", "")
        # Of a repository of its own: projects of one share its commits, which is looked up.
        text = text.replace("/guestbook.git", f"/{name}.git")
        (folder / f"{name}.yaml").write_text(text)
    return names


def _renamed(dags: dict[str, Any], name: str) -> dict[str, Any]:
    return {dag_id.replace("guestbook", name): dag for dag_id, dag in dags.items()}


def _yardstick(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    wanted = [DAG_FACTORY, f"apache-airflow=={version('apache-airflow')}"]
    argv = [str(folder / "bin" / "pip"), "install", "-q", *wanted]
    subprocess.run(argv, check=True)  # noqa: S603 - constant words
    return folder


def _median(work: str, home: Path, python: str) -> dict[str, float]:
    rounds = [_in_own_process(work, home, python) for _ in range(_ROUNDS)]
    return {key: sorted(one[key] for one in rounds)[_ROUNDS // 2] for key in rounds[0]}


def _in_own_process(work: str, home: Path, python: str) -> dict[str, Any]:
    settings = {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
    }
    argv = [python, __file__, "--inside", f"{work}:{home}"]
    done = subprocess.run(  # noqa: S603 - this file, by interpreters named here
        argv, env=os.environ | settings, check=True, stdout=subprocess.PIPE, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


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
    from include.project.loader import find_by_dag

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
    main()
