"""Pipelines in real containers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.exceptions import ImageUnavailable, PipelineStopped, StepTimedOut
from slipway.model.container import ContainerSpec
from slipway.pipeline.runtime.readiness import ServiceStopped
from slipway.pipeline.runtime.result import BuildResult
from tests.integration.pipeline.project import Project, tar

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.integration


@pytest.fixture
def project() -> Iterator[Project]:
    project = Project(f"test-{uuid.uuid4().hex[:8]}")
    yield project
    project.engine.remove_labelled({})


TRANSACTION = """\
import psycopg2
db = psycopg2.connect("postgresql://app:pw@database/app")
with db, db.cursor() as cursor:
    cursor.execute("create table t (n int)")
    cursor.execute("insert into t values (42)")
    cursor.execute("select n from t")
    print("found", cursor.fetchone()[0])
"""


def test_a_step_talks_to_its_database_and_shares_the_workspace(project: Project) -> None:
    result = project.run(
        """
services:
- name: database
  image: postgres:15
  environment: {POSTGRES_USER: app, POSTGRES_PASSWORD: pw}
steps:
- name: write
  image: debian:12
  commands: [ls, "echo made > made.txt"]
- name: test
  image: python:3.11
  commands: [cat made.txt, python3 check.py]
""",
        {"check.py": TRANSACTION},
    )
    assert [step.state for step in result.steps] == ["passed", "passed"]
    assert {"check.py", "made", "found 42"} <= set(project.log)


def test_a_graph_in_its_order_proven_by_the_clock(project: Project) -> None:
    stamp = "date +%s.%N"
    result = project.run(
        f"""
steps:
- {{name: a, image: 'debian:12', commands: [{stamp}, sleep 0.5, {stamp}], depends_on: []}}
- {{name: b, image: 'debian:12', commands: [{stamp}, sleep 1, {stamp}], depends_on: [a]}}
- {{name: c, image: 'debian:12', commands: [{stamp}, sleep 1, {stamp}], depends_on: [a]}}
- {{name: d, image: 'debian:12', commands: [{stamp}], depends_on: [b, c]}}
"""
    )
    at = {
        step.name: [float(line) for line in result.tails[step.name] if line[0].isdigit()]
        for step in result.steps
    }
    assert at["a"][-1] <= min(at["b"][0], at["c"][0])
    assert max(at["b"][0], at["c"][0]) < min(at["b"][-1], at["c"][-1])  # side by side
    assert max(at["b"][-1], at["c"][-1]) <= at["d"][0]


def test_failures_ignored_and_not(project: Project) -> None:
    result = project.run(
        """
steps:
- {name: lint, image: 'debian:12', commands: [exit 3], failure: ignore}
- {name: unit, image: 'debian:12', commands: [echo so far, "false", echo never]}
- {name: after, image: 'debian:12', commands: ["true"]}
"""
    )
    assert [(s.state, s.exit_code) for s in result.steps] == [
        ("failed", 3),
        ("failed", 1),
        ("skipped", None),
    ]
    assert result.broken == ("unit",)
    assert result.tails["unit"] == ("+ echo so far", "so far", "+ false")


def test_an_untrusted_container_can_use_apt_but_not_its_host(project: Project) -> None:
    result = project.run(
        """
steps:
- name: apt
  image: debian:12
  commands: [apt-get update -qq, apt-get install -y -qq hello, hello]
- name: outside
  image: debian:12
  failure: ignore
  commands: [test ! -e /var/run/docker.sock, mount -t tmpfs none /mnt]
"""
    )
    assert result.steps[0].state == "passed"
    # It got past the first command; what mount says on stderr may come before or after.
    assert any(line.startswith("+ mount") for line in result.tails["outside"])
    assert result.steps[1].exit_code != 0


def test_a_detached_step_serves_the_others_under_its_name(project: Project) -> None:
    fetch = "import urllib.request as u; print(u.urlopen('http://web:8000/f').read().decode())"
    result = project.run(
        f"""
steps:
- name: web
  image: python:3.11
  detach: true
  commands: [python3 -m http.server 8000]
- name: test
  image: python:3.11
  commands: [sleep 1.5, python3 -c "{fetch}"]
""",
        {"f": "served"},
    )
    assert result.steps[1].state == "passed"
    assert "served" in result.tails["test"]


def test_a_service_that_cannot_start_shows_why(project: Project) -> None:
    with pytest.raises(ServiceStopped, match=r"'db' stopped with exit code 1(.|\n)*PASSWORD"):
        project.run(
            "services: [{name: db, image: 'postgres:15'}]\n"
            "steps: [{name: a, image: 'debian:12', commands: ['true']}]"
        )


@pytest.fixture
def server_image(project: Project) -> Iterator[str]:
    """An image that exposes a port, has no health check, and lacks even ``cat``."""
    client = docker.APIClient(timeout=60)
    name = f"slipway-{project.engine.installation}"
    made = ContainerSpec(
        name=name, image="slipway/python:3.11", entrypoint=("rm",), argv=("/usr/bin/cat",)
    )
    container = project.engine.create(made)
    project.engine.run_to_end(container, timeout=30, log=print)
    client.commit(container, repository=name, tag="1", changes="EXPOSE 8000")
    project.engine.remove(container)
    yield f"{name}:1"
    client.remove_image(f"{name}:1", force=True)


def test_a_service_without_a_health_check_is_asked_for_its_port(
    project: Project, server_image: str
) -> None:
    fetch = "import urllib.request as u; print(u.urlopen('http://web:8000/f').read().decode())"
    result = project.run(
        f"""
services:
- name: web
  image: {server_image}
  commands: [sleep 2, python3 -m http.server 8000]
steps:
- {{name: test, image: 'python:3.11', commands: [python3 -c "{fetch}"]}}
""",
        {"f": "served"},
    )
    assert "served" in result.tails["test"]


def test_an_unknown_image_is_named_and_nothing_is_left(project: Project) -> None:
    result = project.run("steps: [{name: a, image: '127.0.0.1:1/no/such:1', commands: ['true']}]")
    assert "127.0.0.1:1/no/such:1" in result.steps[0].note
    with pytest.raises(ImageUnavailable, match=r"127\.0\.0\.1:1/no/such:1"):
        BuildResult(pipelines=(result,), seconds=1).raise_for_failure()


SLEEP = "steps: [{name: slow, image: 'debian:12', commands: [sleep 300]}]"


def test_the_whole_pipeline_has_a_limit(project: Project) -> None:
    began = time.monotonic()
    with pytest.raises(StepTimedOut, match="'slow' was killed"):
        project.run(SLEEP, timeout=3)
    assert time.monotonic() - began < 15


def test_stopping_in_the_middle_leaves_nothing(project: Project) -> None:
    runner = project.runner(SLEEP)
    threading.Timer(2, runner.stop).start()
    with pytest.raises(PipelineStopped):
        runner.run(tar({}))
    assert project.leftovers() == 0


def test_what_a_killed_worker_left_is_removed_by_the_next_try(project: Project) -> None:
    root = Path(__file__).parents[3]
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, project.engine.installation],
        cwd=root,
    )
    client = docker.APIClient()
    label = {"label": f"slipway.installation={project.engine.installation}"}
    deadline = time.monotonic() + 30
    while not client.containers(filters=label) and time.monotonic() < deadline:
        time.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert client.containers(filters=label)
    result = project.run("steps: [{name: a, image: 'debian:12', commands: ['true']}]")
    assert result.steps[0].state == "passed"


_WORKER = f"""
import sys
from tests.integration.pipeline.project import Project, tar
Project(sys.argv[1]).runner({SLEEP!r}).run(tar({{}}))
"""
