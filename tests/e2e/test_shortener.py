"""The compiled example: from an empty repository to a machine that serves it.

What its pipeline builds is in no commit. Its package has an epoch here, as one that takes the place
of a package with another numbering has.
"""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from include.delivery.commit_dag import commit_dag
from include.images.build import bring_up_to_date
from include.localcloud import infrastructure
from include.project.loader import load_project
from include.project.model import Project
from slipway.model.cloud.account import Account
from slipway.model.facts import Json, MachineImage
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.migrations import GooseMigrateOperator
from tests.cloud_process import REGION
from tests.e2e.conftest import ENDPOINT, INSTALLATION, ROOT, World
from tests.e2e.instances import Boot, Machine, booting, user_data
from tests.e2e.steps import target
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.lanes import port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
EXAMPLES = ROOT / "include" / "examples"
LISTENER = port(8093)
# Seconds for the service to start, on a machine that has just been booted.
PATIENCE = 60


@pytest.fixture
def project(repository: Repository, world: World, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The example's project file, its repository with one commit, and a place to run."""
    client = docker.from_env(timeout=600)
    bring_up_to_date(client, ["go"])
    client.close()
    monkeypatch.setenv("AIRFLOW_VAR_SHORTENER_TEST_PASSWORD", "sesame")
    urls = infrastructure.lay_project(
        endpoint=ENDPOINT,
        region=REGION,
        installation=INSTALLATION,
        project="shortener",
        listeners={"dev": LISTENER},
        app_port=8000,
        health_path="/healthz",
    )
    monkeypatch.setenv("AIRFLOW_CONN_SHORTENER_DEV", urls["shortener_dev"])
    shutil.copytree(
        EXAMPLES / "shortener",
        repository.path,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("bin"),
    )
    packaging = repository.path / "packaging" / "nfpm.yaml"
    packaging.write_text(f'{packaging.read_text()}epoch: "2"\n')
    repository.commit("Shorten addresses")
    project = load_project(EXAMPLES / "shortener.yaml")
    where = project.repository.model_copy(update={"url": repository.url})
    return project.model_copy(update={"repository": where})


def _execute(operator: Any, run_id: str) -> Any:
    task = FakeTask(dag_id="shortener", run_id=run_id, task_id=operator.task_id)
    return operator.execute(task.context)


@pytest.fixture
def run(artifacts: Path) -> Callable[..., Any]:
    run_id = f"run-{time.monotonic_ns()}"
    return lambda operator: _execute(operator, run_id)


def _task(project: Project, name: str, **given: Any) -> Any:
    """Return a task as the project's own DAG has it, told what others returned."""
    found: Any = commit_dag(project).get_task(name)
    for field, value in given.items():
        setattr(found, field, value)
    return found


def _released(project: Project, run: Callable[..., Any]) -> tuple[Json, Json, Json]:
    """Run the tasks up to the release."""
    checkout = run(_task(project, "checkout", ref="main"))
    report = run(_task(project, "test", checkout=checkout))
    run(_task(project, "rehearse_migrations", checkout=checkout))
    deb = run(_task(project, "build_deb", checkout=checkout, built=report))
    return checkout, deb, run(_task(project, "publish_apt", deb=deb))


@pytest.fixture
def boot(world: World) -> Iterator[Boot]:
    with booting(world, user_data("shortener", "none")) as start:
        yield start


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Go nowhere."""


def _ask(machine: Machine, path: str, body: Json | None = None) -> tuple[int, Any, str]:
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(f"http://{machine.address}:8000{path}", data, timeout=5) as answer:
            return answer.status, json.load(answer), ""
    except urllib.error.HTTPError as answer:
        return answer.code, None, answer.headers.get("Location", "")


def _serving(machine: Machine) -> Json:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if _ask(machine, "/healthz")[0] == 200:
                found: Json = _ask(machine, "/version")[1]
                return found
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(machine.sh("systemctl --no-pager status shortener slipway-secrets"))


def test_from_an_empty_repository_to_a_machine_that_serves(
    project: Project,
    repository: Repository,
    run: Callable[..., Any],
    boot: Boot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkout, deb, package = _released(project, run)
    # A worker that knows nothing of the first builds the same bytes.
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / "elsewhere").as_uri())
        again = _execute(_task(project, "checkout", ref="main"), "again")
        report = _execute(_task(project, "test", checkout=again), "again")
    assert report["built"]["sha256"] == deb["built"]
    version = checkout["release"]["version"]
    assert not [name for name in repository.git("ls-files").split() if name.startswith("bin/")]
    assert deb["version"] == package["version"] == f"2:{version}"
    assert deb["artifact"].endswith(f"/shortener_{version}_amd64.deb")
    run(
        GooseMigrateOperator(
            task_id="migrate",
            target=target(project="shortener"),
            repository=repository.source,
            release=checkout["release"],
            directory="migrations",
            database_conn_id="shortener_dev",
        )
    )
    bake = BakeImageOperator(
        task_id="bake_image",
        package=package,
        unit=project.package.unit,
        config=project.package.config,
        account=Account(aws_conn_id="aws_default", region=REGION),
    )
    machine = boot(MachineImage.from_json(run(bake)).image_id)
    found = _serving(machine)
    assert (found["version"], found["schema"]) == (version, 2)
    installed = machine.sh("dpkg-query --show --showformat='${Version}' shortener")
    assert installed == f"2:{version}"
    assert machine.sh("ps -C shortener -o user:20=").strip() == "shortener"
    status, made, _ = _ask(machine, "/links", {"url": "https://example.org/a/long/way"})
    assert status == 201
    assert _ask(machine, f"/{made['code']}") == (302, None, "https://example.org/a/long/way")
    assert _ask(machine, f"/links/{made['code']}")[1]["visits"] == 1
