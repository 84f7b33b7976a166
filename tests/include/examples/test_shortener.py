"""The compiled example's files; tests/e2e takes them to a machine."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import yaml

from include.cli.pipelines import lint_files
from include.project.loader import load_project

EXAMPLES = Path(__file__).parents[3] / "include" / "examples"
SOURCES = EXAMPLES / "shortener"


def test_its_project_file_and_its_pipeline_are_right() -> None:
    project = load_project(EXAMPLES / "shortener.yaml")
    out = io.StringIO()
    assert lint_files([SOURCES], trusted=project.test.trusted, out=out) == 0, out.getvalue()
    pipeline = yaml.safe_load((SOURCES / ".drone.yml").read_text())
    used = {step["image"] for step in (*pipeline["steps"], *pipeline["services"])}
    assert used == project.test.images.keys()


def test_what_ships_is_built_and_in_no_commit() -> None:
    project = load_project(EXAMPLES / "shortener.yaml")
    (program,) = project.package.built
    pipeline = yaml.safe_load((SOURCES / ".drone.yml").read_text())
    (build,) = [step for step in pipeline["steps"] if step["name"] == "build"]
    assert f"go build -o {program} " in build["commands"][0]
    packaging = yaml.safe_load((SOURCES / project.package.nfpm).read_text())
    assert program in [entry["src"] for entry in packaging["contents"]]
    command = ["git", "-C", str(SOURCES), "check-ignore", "--quiet", program]
    assert subprocess.run(command, check=False).returncode == 0


def test_its_modules_have_sums_and_are_nowhere_in_the_tree() -> None:
    wanted = [
        line.split() for line in (SOURCES / "go.mod").read_text().splitlines() if " v" in line
    ]
    sums = (SOURCES / "go.sum").read_text()
    for words in wanted:
        name, version = words[-4:-2] if words[-1] == "indirect" else words[-2:]
        assert f"{name} {version} h1:" in sums
    assert not (SOURCES / "vendor").exists()
