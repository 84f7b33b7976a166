"""``python -m benchmarks.projects [--projects 1000]``: project files, beside dag-factory's.

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
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.bench.figure import at_most, record
from benchmarks.projects import inside
from benchmarks.projects.copies import write_copies
from benchmarks.yardsticks.environment import environment

DAG_FACTORY = "dag-factory==1.1.0"
_ROUNDS = 3
# A parse, and a task's start: at most so many seconds.
_OURS = (
    ("all project files in one DAG file", "all", None),
    ("one DAG file of the bundle", "one", at_most(2.5)),
    ("a task's start", "task", at_most(0.05)),
)


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, nargs="+", default=[1000])
    beside_dag_factory(parser.parse_args().projects)


def beside_dag_factory(counts: Sequence[int]) -> None:
    """Measure both, and tell.

    :param counts: of projects, one measurement each.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-projects-") as name:
        wanted = f"apache-airflow=={version('apache-airflow')}"
        python = str(environment(Path(name) / "venv", DAG_FACTORY, wanted) / "python")
        for count in counts:
            _compare(Path(name) / str(count), count, python)


def _compare(home: Path, count: int, python: str) -> None:
    for folder in ("projects", "factory"):
        (home / folder).mkdir(parents=True)
    shape = _in_own_process("shape", home, sys.executable)
    for name in write_copies(home / "projects", count):
        # JSON is YAML as well.
        (home / "factory" / f"{name}.yaml").write_text(json.dumps(_renamed(shape["dags"], name)))
    factory, size = _rounds("factory", home, python), (count, "projects")
    yardstick = "dag-factory, all"
    for what, work, budget in _OURS:
        rounds = _rounds(work, home, sys.executable)
        # A task's process serialises nothing, of whatever kind its DAGs are.
        parts = ("read", "build") if work == "task" else ("read", "build", "serialise")
        ours, theirs = ([_cpu(one, parts) for one in of] for of in (rounds, factory))
        record(f"{what}, CPU", ours, beside=(yardstick, theirs), budget=budget, size=size)
        memory = [one["mib"] for one in rounds]
        beside = (yardstick, [one["mib"] for one in factory])
        record(f"{what}, memory", memory, unit="MiB", beside=beside, size=size)


def _renamed(dags: dict[str, Any], name: str) -> dict[str, Any]:
    return {dag_id.replace("guestbook", name): dag for dag_id, dag in dags.items()}


def _rounds(work: str, home: Path, python: str) -> list[dict[str, float]]:
    return [_in_own_process(work, home, python) for _ in range(_ROUNDS)]


def _cpu(one: dict[str, float], parts: Sequence[str]) -> float:
    return sum(one[part] for part in parts)


def _in_own_process(work: str, home: Path, python: str) -> dict[str, Any]:
    settings = {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
    }
    argv = [python, inside.__file__, work, str(home)]
    done = subprocess.run(  # noqa: S603 - this file, by interpreters named here
        argv, env=os.environ | settings, check=True, stdout=subprocess.PIPE, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    main()
