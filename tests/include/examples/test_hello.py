"""The files that newcomers begin with fit one another, and the README's project file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.docs.own_project import PROJECT_FILE

SOURCES = Path(__file__).parents[3] / "include" / "examples" / "hello"
PROJECT: dict[str, Any] = yaml.safe_load(PROJECT_FILE)


def test_all_that_is_packaged_is_there() -> None:
    packaging = yaml.safe_load((SOURCES / PROJECT["package"]["nfpm"]).read_text())
    assert packaging["name"] == PROJECT["package"]["name"]
    files = [*(entry["src"] for entry in packaging["contents"]), packaging["changelog"]]
    assert [one for one in files if not (SOURCES / one).is_file()] == []
    assert PROJECT["package"]["unit"] in files


def test_the_unit_runs_what_the_package_installs() -> None:
    packaging = yaml.safe_load((SOURCES / "nfpm.yaml").read_text())
    unit = (SOURCES / PROJECT["package"]["unit"]).read_text()
    [program] = [one["dst"] for one in packaging["contents"] if one["src"] == "hello.py"]
    assert f"ExecStart=/usr/bin/python3 {program}\n" in unit
    assert "python3" in packaging["depends"]


def test_the_project_file_has_the_pipelines_images_and_the_services_port() -> None:
    pipeline = yaml.safe_load((SOURCES / ".drone.yml").read_text())
    used = {step["image"] for step in pipeline["steps"]}
    assert used == PROJECT["test"]["images"].keys()
    health = PROJECT["environments"]["dev"]["health"]
    program = (SOURCES / "hello.py").read_text()
    assert f'"PORT", "{health["port"]}"' in program
    assert f'"{health["path"]}": ' in program
