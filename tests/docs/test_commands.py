"""The README's commands are run, as they stand there.

What needs neither the demo nor Docker is run for real, in a copy of this repository; what needs
Docker alone likewise, marked ``integration``. What needs a running demo is not run: it has to be
refused with the reason, or is run dry, and its words and parameters have to be known.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from include.delivery.commit_dag import build
from include.demo import add_environment
from include.project.loader import load_project
from tests.docs.own_project import FIVE_MINUTES, PROJECT_FILE, README, ROOT

COMMANDS = re.findall(r"(?m)^ {7}(\S.*)$", re.sub(r"(?s)```.*?```", "", FIVE_MINUTES))
NEEDS_DOCKER = [one for one in COMMANDS if one.startswith(("fab exec", "fab package"))]
NEEDS_THE_DEMO = [one for one in COMMANDS if "include.demo" in one]
RUN_HERE = [one for one in COMMANDS if one not in (*NEEDS_DOCKER, *NEEDS_THE_DEMO)]
# In prose and tables.
NAMED = [" ".join(one.split()) for one in re.findall(r"`((?:fab|make|airflow) [^`]+)`", README)]
DEPLOYS = [one for one in NAMED if one.startswith("fab deploy")]
WHO = {
    f"GIT_{role}_{field}": f"{field.lower()}@example.org"
    for role in ("AUTHOR", "COMMITTER")
    for field in ("NAME", "EMAIL")
}


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A copy of this repository beside which there is room, as the demo leaves it."""
    clone = tmp_path / "slipway"
    for name in ("include", "plugins", "ansible"):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, clone / name, ignore=without)
    shutil.copy(ROOT / "fabfile.py", clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    (clone / ".slipway" / "git").mkdir(parents=True)
    project = yaml.safe_load(PROJECT_FILE)
    written = "\n".join(line[3:] for line in PROJECT_FILE.splitlines())
    (clone / "include" / "projects" / f"{project['name']}.yaml").write_text(f"{written}\n")
    yield clone
    shutil.rmtree(clone, ignore_errors=True)


def run(clone: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    """Type commands into one shell."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")
    }
    # `make ready` puts the folder on the path for good; this copy has somebody else's .venv.
    environment |= {"PYTHONPATH": f"{clone}:{clone / 'plugins'}", **WHO}
    script = "\n".join(["set -eu", *commands])
    return subprocess.run(
        ["bash", "-c", script],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_commands_are_found_where_they_stand() -> None:
    assert len(RUN_HERE) == 13
    assert len(NEEDS_DOCKER) == 2
    assert len(NEEDS_THE_DEMO) == 1
    assert len(DEPLOYS) == 4


def test_the_five_minutes_go_as_told_as_far_as_they_need_no_demo(clone: Path) -> None:
    done = run(clone, *RUN_HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello: dev\n" in done.stdout
    own_tests = run(clone.parent / "hello", "python3 -m unittest")
    assert own_tests.returncode == 0, own_tests.stderr
    served = clone / ".slipway" / "git" / "acme" / "hello.git"
    log = subprocess.run(
        ["git", "-C", str(served), "log", "--format=%s", "main"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout.split("\n") == ["Say it again", "Say hello", ""]
    head = (served / "HEAD").read_text()
    assert head == "ref: refs/heads/main\n", "a clone of it has something checked out"


def test_a_misspelt_field_is_told_by_the_check_with_its_line(clone: Path) -> None:
    file = clone / "include" / "projects" / "hello.yaml"
    file.write_text(file.read_text().replace("target_group", "target_grup"))
    done = run(clone, RUN_HERE[0], "fab check")
    assert done.returncode == 1
    told = "environments.dev.target_grup: unknown field; did you mean 'target_group'?"
    assert re.search(rf"^hello\.yaml:\d+:5: {re.escape(told)}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", NEEDS_THE_DEMO)
def test_what_needs_the_demo_says_so_and_knows_all_its_words(clone: Path, command: str) -> None:
    done = run(clone, RUN_HERE[0], command)
    assert done.returncode == 2
    assert "no demo runs in this clone; start it with `make demo`" in done.stderr


def test_the_project_file_says_of_the_place_what_the_command_prints() -> None:
    options = argparse.Namespace(
        project="hello",
        environment="dev",
        listener=8083,
        port=8000,
        health="/healthz",
        database=False,
    )
    printed = yaml.safe_load(add_environment._block(options))["dev"]
    written = yaml.safe_load(PROJECT_FILE)["environments"]["dev"]
    assert printed == written
    assert "--listener 8083 --port 8000" in NEEDS_THE_DEMO[0]
    assert "http://127.0.0.1:8083/" in FIVE_MINUTES


def test_production_is_one_more_environment_and_deployed_as_told(clone: Path) -> None:
    """Dry: what Airflow would be asked."""
    file = clone / "include" / "projects" / "hello.yaml"
    project = yaml.safe_load(file.read_text())
    dev = project["environments"]["dev"]
    more = {"deploy": "manual", "approval": True, "target_group": "hello-prod"}
    assert "`deploy: manual` and `approval: true`" in FIVE_MINUTES
    project["environments"]["prod"] = dev | more
    file.write_text(yaml.safe_dump(project))
    dry = [f"fab --dry {one.removeprefix('fab ')}" for one in (*DEPLOYS, "fab image hello")]
    done = run(clone, RUN_HERE[0], *dry)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'airflow dags trigger guestbook.dev --conf \'{"version": "1.0.0+0.' in done.stdout
    assert "airflow dags trigger hello.prod --conf '{}'" in done.stdout
    assert 'airflow dags trigger hello.dev --conf \'{"version": "previous"}\'' in done.stdout
    assert "-m include.cli.image hello" in done.stdout


def test_each_target_of_make_is_there() -> None:
    targets = {one.split()[1] for one in NAMED if one.startswith("make ")}
    targets |= set(re.findall(r"(?m)^    make ([a-z-]+)", README))
    known = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    assert {"demo", "test", "down"} <= targets <= known


def test_what_airflow_is_given_are_parameters_of_that_dag() -> None:
    """By its own command line, and over HTTP."""
    project = load_project(ROOT / "include" / "projects" / "guestbook.yaml")
    found = re.findall(r"airflow dags trigger (\S+) --conf '(\{.*?\})'", README)
    posted = re.findall(r"dags/([\w.]+)/dagRuns` with `(\{.*\}\})`", README)
    given = [(dag, json.loads(conf)) for dag, conf in found]
    given += [(dag, json.loads(body)["conf"]) for dag, body in posted]
    assert [dag for dag, _ in given] == ["guestbook", "guestbook.prod"]
    for dag, conf in given:
        assert conf.keys() <= build(project, dag).params.keys()


@pytest.mark.integration
@pytest.mark.timeout(600)
def test_pipeline_and_package_of_the_five_minutes_are_right(clone: Path) -> None:
    done = run(clone, *RUN_HERE, *NEEDS_DOCKER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello_" in done.stdout
