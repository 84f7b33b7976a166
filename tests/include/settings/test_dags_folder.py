"""What Airflow's processor has loaded before it reads the files of ``dags/``."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from include.settings import dags_folder
from include.settings.dags_folder import DagsFolder

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_the_processor_has_loaded_what_each_dag_file_imports() -> None:
    files = (ROOT / "dags").glob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    told = (
        "import sys; from include.settings.dags_folder import DagsFolder;"
        "DagsFolder(name='x').refresh(); print(*sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", told], check=True, capture_output=True, text=True, cwd=ROOT
    )
    own = {name for name in imported if name.startswith(("include.", "slipway."))}
    assert own - set(found.stdout.splitlines()[-1].split()) == set()
    assert "include.delivery.commits_dag" in own


def test_what_cannot_be_loaded_takes_no_other_file_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow would pass the whole folder over, and show nobody why."""
    monkeypatch.setattr(dags_folder, "LOADED", ("include.nothing", "include.settings"))
    DagsFolder(name="x").refresh()
    assert "include.nothing cannot be loaded beforehand" in caplog.text


def test_whatever_asks_for_a_bundle_loads_next_to_nothing() -> None:
    told = "import sys; import include.settings.dags_folder; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", told], check=True, capture_output=True, text=True, cwd=ROOT
    )
    loaded = found.stdout.splitlines()[-1].split()
    assert not [one for one in loaded if one.startswith(("include.delivery", "slipway.operators"))]
