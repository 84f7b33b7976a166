"""A thousand projects in one Airflow, looked at, and one of them delivered.

Starts an embedded cloud, a git daemon and an Airflow of its own whose project files are copies of
the guestbook's, dealt out by :class:`include.delivery.project_bundle.ProjectsBundle`, and the
smallest example's. Each copy has a repository, which is watched. Measured are the time until
Airflow knows all DAGs, what each of its processes takes of memory and, once nothing is left to
parse, of CPU, how long its pages and Slipway's take, and a push's way to serving machines. Before
that, while nothing else runs, as many are parsed beside dag-factory (:mod:`benchmarks.projects`).

``python -m benchmarks.thousand [--projects 1000]``
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks.bench.figure import record, timed
from benchmarks.projects.__main__ import beside_dag_factory
from benchmarks.projects.copies import write_copies

_ROUNDS = 5
# Seconds for all DAGs to be known, and for a delivery beside so many.
_LIMIT = 3600.0
_DAGS = '''"""Airflow DAGs that serve all projects."""
from pathlib import Path

from include.delivery.commits_dag import commits_dag
from include.delivery.controls.controls_dag import controls_dag
from include.project.loader import load_projects


def projects():
    return load_projects(Path("{folder}")).projects.values()


commits = commits_dag(projects)
controls = controls_dag(projects())
'''
_PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
_PAGES = {
    "Airflow's list of DAGs": "/ui/dags?limit=50",
    "one DAG of Airflow's": "/api/v2/dags/p0000/details",
    "the board, all projects": "/slipway/board/",
    "the board, searched": "/slipway/board/?q=p00",
}


def main() -> None:
    """Measure, and tell as it goes on."""
    parser = argparse.ArgumentParser(prog="benchmarks.thousand", description=__doc__)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--quiet-seconds", type=float, default=60.0)
    given = parser.parse_args()
    beside_dag_factory([given.projects])
    # The environment of the tests: before anything imports Airflow.
    import_module("tests.conftest")
    with tempfile.TemporaryDirectory(prefix="slipway-thousand-") as name:
        _measure(Path(name), given.projects, given.quiet_seconds)


def _measure(home: Path, count: int, quiet: float) -> None:
    from tests.cloud_process import serving
    from tests.e2e import conftest as world
    from tests.e2e.board import projects
    from tests.e2e.board.airflow import running
    from tests.fakes.git_server import git_daemon

    folders = {one: home / one for one in ("projects", "git", "airflow", "store")}
    for folder in folders.values():
        folder.mkdir()
    with (
        serving(home / "cloud", installation=world.INSTALLATION, port=world.PORT),
        git_daemon(folders["git"]) as url,
    ):
        hello = projects.repository_of("hello", folders["git"], url)
        _copies(folders, url, count)
        projects.write(folders["projects"] / "own", home / "unused", {"hello": hello.url})
        _dags(folders)
        projects.lay_out("hello")
        world.configure(json.loads((home / "cloud" / "cloud.json").read_text())["gateway"], {})
        began = time.monotonic()
        with running(folders["airflow"], _settings(folders)) as airflow:
            api = airflow.api()
            _until(lambda: _known(api) >= 3 * count, "the DAGs")
            size = (count, "projects")
            record("all DAGs known", [time.monotonic() - began], size=size)
            _tell_of_processes(folders["airflow"], quiet, size)
            for what, path in _PAGES.items():
                answer = partial(_answer, api, path)
                record(what, [timed(answer) for _ in range(_ROUNDS)], size=size)
            _deliver(api, hello, size)


def _copies(folders: dict[str, Path], url: str, count: int) -> None:
    """Write the copies' project files, repositories, and that their commits are known already."""
    from slipway.hooks.store.artifacts import ArtifactStore
    from slipway.hooks.store.heads import head_key
    from tests.fakes.git_server import Repository

    store = ArtifactStore(folders["store"].as_uri())
    first = Repository(folders["git"] / "first", f"{url}/first")
    sha = first.commit("Say nothing", README="Nothing.\n")
    for name in write_copies(folders["projects"], count):
        file = folders["projects"] / f"{name}.yaml"
        text = file.read_text().replace("git://127.0.0.1:9418/acme", url)
        kept = [line for line in text.splitlines() if not line.startswith(("  forge", "  webhook"))]
        file.write_text("\n".join(one for one in kept if one != "  statuses: true") + "\n")
        shutil.copytree(folders["git"] / "first" / ".git", folders["git"] / f"{name}.git")
        store.put(head_key(name), json.dumps(sha).encode())


def _dags(folders: dict[str, Path]) -> None:
    """Write the file of the DAGs that serve all projects."""
    (folders["airflow"] / "dags").mkdir()
    (folders["airflow"] / "dags" / "all.py").write_text(_DAGS.format(folder=folders["projects"]))


def _settings(folders: dict[str, Path]) -> dict[str, str]:
    bundles = [
        {
            "name": "dags-folder",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {},
        },
        {
            "name": "projects",
            "classpath": "include.delivery.project_bundle.ProjectsBundle",
            "kwargs": {"refresh_interval": 10, "projects": str(folders["projects"])},
        },
    ]
    return {
        "AIRFLOW__SLIPWAY__ARTIFACTS": folders["store"].as_uri(),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(folders["airflow"] / "bundles"),
    }


def _answer(api: Any, path: str) -> None:
    api.get(path).raise_for_status()


def _known(api: Any) -> int:
    return int(api.get("/api/v2/dags?limit=1").raise_for_status().json()["total_entries"])


def _tell_of_processes(home: Path, quiet: float, size: tuple[float, str]) -> None:
    """Tell what each part of Airflow takes of memory, and of CPU while nothing is done."""
    parts = {name: _family(home, name) for name in _PARTS}
    before = {name: sum(map(_cpu, family)) for name, family in parts.items()}
    time.sleep(quiet)
    for name, family in parts.items():
        used = (sum(map(_cpu, family)) - before[name]) / quiet
        rss = sum(one.memory_info().rss for one in family if one.is_running()) / 2**20
        record(f"{name}, memory", [rss], unit="MiB", size=size)
        record(f"{name}, CPU while nothing is done", [100 * used], unit="%", size=size)


def _family(home: Path, name: str) -> list[psutil.Process]:
    """Find a part's process, by where it writes to, and those below it."""
    for process in psutil.Process().children():
        if Path(f"/proc/{process.pid}/fd/1").resolve() == (home / f"{name}.log").resolve():
            return [process, *process.children(recursive=True)]
    msg = f"Airflow's {name} does not run"
    raise LookupError(msg)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _deliver(api: Any, repository: Any, size: tuple[float, str]) -> None:
    """Push, and wait until its run has ended."""
    began, sha = time.monotonic(), repository.commit("Say hello once more")
    run = f"/api/v2/dags/hello/dagRuns/commit__{sha}"
    _until(lambda: api.get(run).is_success, "the run")
    record("a push to its run, by poll", [time.monotonic() - began], size=size)
    _until(lambda: api.get(run).json()["state"] in ("success", "failed"), "the delivery")
    if (state := api.get(run).json()["state"]) != "success":
        sys.exit(f"the delivery ended {state}")
    record("a push to its end", [time.monotonic() - began], size=size)


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _LIMIT
    while not holds():
        if time.monotonic() > deadline:
            msg = f"{what} took longer than {_LIMIT:.0f} s"
            raise TimeoutError(msg)
        time.sleep(0.5)


if __name__ == "__main__":
    main()
