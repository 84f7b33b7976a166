"""``fab check``: the doctor."""

from __future__ import annotations

import os
import sys
from typing import Any

from fabric import task

from include.cli.doctor import check as doctor
from include.cli.server.address import address_of
from include.cli.tasks.place import DEMO, ROOT


@task(
    positional=["project"],
    optional=["project"],
    help={
        "project": "its name; all if not given",
        "local": "do not ask the server",
        "json": "for programs",
    },
)
def check(_: Any, project: str = "", local: bool = False, json: bool = False) -> None:
    """Say what is wrong, each thing with its cure; exits 1 if anything is.

    Here: every project file, with line and nearest right name, and Docker. At the server that
    SLIPWAY_SERVER names, or the demo's, by a run that changes nothing: connections and variables,
    the repository and its webhook, rights, target groups, networks, parameters, images, databases.
    """
    code = doctor.check(
        sys.stdout,
        project,
        address=lambda: None if local else address_of(os.environ, DEMO),
        recipes=ROOT,
        as_json=json,
    )
    raise SystemExit(code)
