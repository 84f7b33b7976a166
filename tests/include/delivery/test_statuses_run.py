"""What a host is told of a delivery that Airflow itself has run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
NONE, ILL = "-", "swap.fleet_healthy"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'plugins'}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__SLIPWAY__ARTIFACTS": (home / "artifacts").as_uri(),
    }
    file = home / "told.json"
    runs = (f"{__package__}.statuses_run", str(file), NONE, ILL)
    for program in (("airflow", "db", "migrate"), runs):
        done = subprocess.run(
            [sys.executable, "-m", *program],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def dev(told: dict[str, Any], run: str) -> tuple[str, str]:
    (one,) = [one for one in told[run] if one["key"] == "slipway/dev"]
    return one["state"], one["description"]


def test_what_serves_is_on_its_commit(told: dict[str, Any]) -> None:
    state, text = dev(told, NONE)
    assert state == "SUCCESSFUL"
    assert text.startswith("serving 2")


def test_what_was_rolled_back_is_on_its_commit(told: dict[str, Any]) -> None:
    assert dev(told, ILL) == ("FAILED", "rolled back: fleet_healthy failed")
