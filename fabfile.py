"""Fabric: Slipway from a shell, on this machine or over ssh.

``fab deploy guestbook prod 1.4.0+42.g3f2a1b7`` talks to the Airflow of this machine (of a running
demo, where there is one); ``fab -H ops@airflow.example.com deploy ...`` to the one over there.
Every word given is one argument to Airflow's own command line, quoted for the shell in between.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from fabric import Connection, task

ROOT = Path(__file__).resolve().parent
# Airflow puts plugins/ on the path by itself; a shell does not.
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from include.delivery.loader import load_projects  # noqa: E402 - needs the path above

DEMO = ROOT / ".slipway" / "env"


@task
def check(_: Any) -> None:
    """Read every project file and say what is wrong with each; exits 1 if anything is."""
    shelf = load_projects()
    for name, project in shelf.projects.items():
        print(f"{name}: {', '.join(project.environments)}")
    for error in shelf.errors.values():
        print(error)
    if shelf.errors:
        raise SystemExit(1)


@task(positional=["project"], optional=["ref"])
def build(c: Any, project: str, ref: str = "") -> None:
    """Run a project's commit pipeline for a branch, tag or sha."""
    _trigger(c, project, {"ref": ref} if ref else {})


@task(positional=["project", "environment", "version"])
def deploy(c: Any, project: str, environment: str, version: str) -> None:
    """Put a release on an environment; to roll back, give the earlier version."""
    _trigger(c, f"{project}.{environment}", {"version": version})


@task(positional=["project"], optional=["environment"])
def runs(c: Any, project: str, environment: str = "") -> None:
    """List the runs of a project, or of one of its environments."""
    dag_id = f"{project}.{environment}" if environment else project
    _airflow(c, "dags", "list-runs", dag_id)


def _trigger(c: Any, dag_id: str, conf: dict[str, str]) -> None:
    _airflow(c, "dags", "trigger", dag_id, "--conf", json.dumps(conf))


def _airflow(c: Any, *arguments: str) -> None:
    command = shlex.join(["airflow", *arguments])
    if isinstance(c, Connection) or not DEMO.exists():
        c.run(command)
    else:
        with c.prefix(f". {shlex.quote(str(DEMO))}"):
            c.run(command)
