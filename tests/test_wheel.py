"""The wheel is a shell for people who have neither Airflow nor this repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Nothing of a server's may be imported: what asks for it ends there.
GUARD = """
import sys

class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("airflow", "include", "boto3", "botocore"):
            raise ModuleNotFoundError(f"{name} is not there")

sys.meta_path.insert(0, Guard())
"""
PIPELINE = """
kind: pipeline
type: docker
name: default
steps:
- name: test
  image: alpine
  commands: [echo hello]
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, and lay out what is in it."""
    folder = tmp_path_factory.mktemp("wheel")
    hatch = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(hatch, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [file] = folder.glob("*.whl")
    with zipfile.ZipFile(file) as packed:
        packed.extractall(folder / "site")
    (folder / "site" / "sitecustomize.py").write_text(GUARD)
    return folder / "site"


def typed(site: Path, folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Type ``slipway ...`` where only the wheel is installed."""
    program = "from slipway_cli.cli.tasks.program import main; main()"
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(site), **more}
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_wheel_has_two_packages_and_no_name_of_everybodys(wheel: Path) -> None:
    packages = {one.name for one in wheel.iterdir() if one.is_dir()}
    assert {one for one in packages if not one.endswith(".dist-info")} == {"slipway", "slipway_cli"}
    [metadata] = wheel.glob("*.dist-info/METADATA")
    needed = re.findall(r"(?m)^Requires-Dist: (\S+?)[<>=]", metadata.read_text())
    always = re.findall(r"(?m)^Requires-Dist: ([^;\n]+)$", metadata.read_text())
    assert any(one.startswith("apache-airflow") for one in needed)
    assert not any(one.startswith(("apache-airflow", "boto3")) for one in always)


def test_each_module_but_those_where_airflow_is_can_be_imported(wheel: Path) -> None:
    modules = [
        ".".join(one.relative_to(wheel).with_suffix("").parts)
        for room in ("tasks", "server", "doctor", "new")
        for one in (wheel / "slipway_cli" / "cli" / room).glob("*.py")
    ]
    assert len(modules) > 25
    script = "\n".join(f"import {one}" for one in modules)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_pipeline_is_checked_and_compiled_without_airflow(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / ".drone.yml").write_text(PIPELINE)
    linted = typed(wheel, tmp_path, "lint")
    assert (linted.returncode, linted.stdout) == (
        0,
        ".drone.yml: no mistakes; pipelines: default\n",
    ), linted.stderr
    compiled = typed(wheel, tmp_path, "compile", ".")
    assert compiled.returncode == 0, compiled.stderr
    assert '"echo hello"' in compiled.stdout or "echo hello" in compiled.stdout


def test_what_needs_a_server_says_how_to_name_one(wheel: Path, tmp_path: Path) -> None:
    for words in (("deploy", "shop", "prod"), ("status",), ("logs", "shop"), ("follow", "shop")):
        done = typed(wheel, tmp_path, *words)
        assert done.returncode != 0
        assert "SLIPWAY_SERVER" in done.stderr, (words, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_told(wheel: Path, tmp_path: Path) -> None:
    here = {"SLIPWAY_SERVER": "http://127.0.0.1:9", "SLIPWAY_TOKEN": "t"}
    done = typed(wheel, tmp_path, "hold", "shop", "prod", "--why", "it burns", **here)
    assert done.returncode == 2
    assert "http://127.0.0.1:9 does not answer" in done.stderr


def test_words_stand_in_the_order_in_which_people_type_them(wheel: Path, tmp_path: Path) -> None:
    done = typed(wheel, tmp_path, "deploy", "shop")
    assert "ENVIRONMENT has to be given" in done.stderr
    helped = typed(wheel, tmp_path, "deploy", "shop", "prod", "--help")
    assert helped.returncode == 0, helped.stderr
    assert "why it goes ahead of others that wait" in helped.stdout
    listed = typed(wheel, tmp_path, "--list").stdout
    assert " follow " in listed
    assert " rebuild " not in listed


def test_the_fabfile_that_is_written_for_a_project_works(wheel: Path, tmp_path: Path) -> None:
    from include.cli.new.files import _fabfile

    (tmp_path / "fabfile.py").write_text(_fabfile("shop"))
    done = subprocess.run(
        [sys.executable, "-m", "fabric", "deploy"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ENVIRONMENT has to be given: fab deploy ENVIRONMENT [VERSION]" in done.stderr


def test_what_the_extra_brings_is_what_the_tests_run_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    given = [*project["dependencies"], *project["optional-dependencies"]["cli"]]
    tested = (ROOT / "constraints.txt").read_text()
    for one in given:
        name = re.split(r"[<>=]", one)[0]
        assert re.search(rf"(?m)^{name}==", tested), name


def test_beside_a_clone_it_is_the_clones_own(tmp_path: Path) -> None:
    hatch = [sys.executable, "-m", "hatchling", "build", "-t", "wheel:editable", "-d"]
    built = subprocess.run(
        [*hatch, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    [file] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(file) as packed:
        packed.extract("slipway_cli.py", tmp_path / "site")
    script = "from slipway_cli.cli.tasks.of_project import __file__; print(__file__)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}:{ROOT / 'plugins'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(ROOT / "include/cli/tasks/of_project.py"), done.stderr


def test_the_servers_image_has_all_that_its_wheel_is_built_of() -> None:
    wanted = ("pyproject.toml", "hatch_build.py", "plugins", "include/cli", "include/project")
    image = (ROOT / "Dockerfile").read_text()
    let_in = (ROOT / ".dockerignore").read_text().splitlines()
    for one in wanted:
        assert re.search(rf"(?m)^COPY .*{re.escape(one)}\b", image), one
        assert f"!{one}" in let_in
