"""``fab new``: a project, begun."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fabric import task

from include.cli.new import begin


@task(
    positional=["project"],
    help={
        "project": "its name, which becomes its package's as well",
        "repository": "its URL, or the folder of a working copy",
        "folder": "where to make a working copy; beside this folder, by the project's name, "
        "if not given",
        "branch": "that is delivered; what the repository begins with if not given",
        "port": "that the service listens on",
        "health": "the path that says whether it is well",
        "region": "of AWS",
    },
)
def new(
    _: Any,
    project: str,
    repository: str,
    folder: str = "",
    branch: str = "",
    port: int = 8000,
    health: str = "/healthz",
    region: str = "eu-west-1",
) -> None:
    """Begin a project: look at its repository, write its project file and what it lacks.

    It may lack a .drone.yml, a packaging file, a unit, or a fabfile.py: what is written is for Go,
    Python or Node, and a beginning for anything else. What is there is left alone, and nothing is
    committed or pushed. Then it says what is left for you to do.
    """
    options = {"port": port, "health": health, "region": region}
    code = begin.main(
        sys.stdout,
        project,
        repository,
        folder=Path(folder).expanduser().absolute() if folder else None,
        branch=branch,
        options=options,
    )
    raise SystemExit(code)
