"""An Airflow of its own for a program that runs DAGs, and what the program tells of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[4]


def told_by(home: Path, program: str, *arguments: str, timeout: float = 240) -> dict[str, Any]:
    """Make an Airflow, run a program in it, and return what that writes to its first argument.

    :param home: an empty folder.
    :param program: a module beside this one.
    :param arguments: what else it is given.
    :param timeout: seconds.
    """
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__SLIPWAY__ARTIFACTS": (home / "artifacts").as_uri(),
    }
    file = home / "told.json"
    own = (f"tests.include.delivery.runs.{program}", str(file), *arguments)
    for one in (("airflow", "db", "migrate"), own):
        done = subprocess.run(
            [sys.executable, "-m", *one],
            cwd=_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    told: dict[str, Any] = json.loads(file.read_text())
    return told
