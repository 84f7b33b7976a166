"""The README's own project: from its files to a machine of the embedded cloud that says hello."""

from __future__ import annotations

import shutil
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from include.delivery.commit_dag import commit_dag
from include.demo import add_environment, paths
from include.project.loader import load_project
from include.project.model import Project
from slipway.model.cloud.account import Account
from slipway.model.facts import MachineImage
from slipway.operators.bake_image import BakeImageOperator
from slipway.tasks.images import awaited_package
from tests.cloud_process import REGION
from tests.docs.own_project import PROJECT_FILE
from tests.e2e.conftest import ENDPOINT, INSTALLATION, ROOT, World
from tests.e2e.instances import Boot, Machine, booting, user_data
from tests.fakes.airflow_run import BesideOthers
from tests.fakes.git_server import Repository
from tests.lanes import port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
LISTENER = port(8094)
# Seconds for the service to start, on a machine that has just been booted.
PATIENCE = 60


@pytest.fixture
def place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place that the README's command makes, in this test's own cloud."""
    monkeypatch.setattr(paths, "ENDPOINT", ENDPOINT)
    monkeypatch.setattr(paths, "REGION", REGION)
    monkeypatch.setattr(paths, "INSTALLATION", INSTALLATION)
    add_environment.make("hello", "dev", listener=LISTENER)
    [group] = world.client("elbv2").describe_target_groups(Names=["hello-dev"])["TargetGroups"]
    assert (group["HealthCheckPath"], group["Port"]) == ("/healthz", 8000)


@pytest.fixture
def project(place: None, repository: Repository, tmp_path: Path) -> Project:
    """The README's project file, and the example with one commit."""
    del place
    shutil.copytree(
        ROOT / "include" / "examples" / "hello",
        repository.path,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    repository.commit("Say hello")
    file = tmp_path / "hello.yaml"
    file.write_text("\n".join(line[3:] for line in PROJECT_FILE.splitlines()))
    found = load_project(file)
    where = found.repository.model_copy(update={"url": repository.url})
    return found.model_copy(update={"repository": where})


@pytest.fixture
def boot(world: World) -> Iterator[Boot]:
    with booting(world, user_data("hello", "none")) as start:
        yield start


def _greeting(machine: Machine) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{machine.address}:8000/", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.2)
    pytest.fail(machine.sh("systemctl --no-pager status hello slipway-secrets"))


def _said(ec2: Any, image: str) -> set[str]:
    """What an image's tags say of itself, but for whose installation's it is."""
    (found,) = ec2.describe_images(ImageIds=[image])["Images"]
    tags = {one["Key"]: one["Value"] for one in found["Tags"]}
    return {tags[key] for key in tags if key not in ("slipway:installation", "Name")}


def _await_builder(ec2: Any) -> None:
    """Wait until the builder of the application is there; the base layer's one comes before."""
    wanted = [{"Name": "tag:slipway:bake", "Values": ["*-app"]}]
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if ec2.describe_instances(Filters=wanted)["Reservations"]:
            return
        time.sleep(0.2)
    pytest.fail("no builder came up before the package")


def test_the_readmes_files_become_a_machine_that_says_hello(
    world: World, project: Project, artifacts: Path, boot: Boot, monkeypatch: pytest.MonkeyPatch
) -> None:
    del artifacts
    dag, run_id = commit_dag(project), f"run-{time.monotonic_ns()}"

    def run(task: Any, **given: Any) -> Any:
        for field, value in given.items():
            setattr(task, field, value)
        return task.execute(BesideOthers("hello", run_id, task.task_id).context)

    checkout = run(dag.get_task("checkout"), ref="main")
    report = run(dag.get_task("test"), checkout=checkout)
    assert [step["state"] for step in report["steps"] if step["name"] == "test"] == ["passed"]
    # In truth beside the tests, and before there is a repository that machines look into.
    monkeypatch.setattr(awaited_package, "supervised", lambda: True)
    with ThreadPoolExecutor(1) as beside:
        baking = beside.submit(run, dag.get_task("bake_early"), checkout=checkout)
        ec2 = world.client("ec2")
        _await_builder(ec2)
        deb = run(dag.get_task("build_deb"), checkout=checkout)
        early = baking.result()
    assert early
    assert _said(ec2, early["image_id"]) == {"candidate", "hello"}
    package = run(dag.get_task("publish_apt"), deb=deb)
    bake = BakeImageOperator(
        task_id="bake_image",
        package=package,
        unit=project.package.unit,
        config=project.package.config,
        account=Account(aws_conn_id="aws_default", region=REGION),
    )
    image = MachineImage.from_json(run(bake))
    assert (image.image_id, image.reused) == (early["image_id"], False)
    assert {"app", checkout["release"]["version"]} <= _said(ec2, image.image_id)
    machine = boot(image.image_id)
    kept = machine.sh("cat /etc/apt/sources.list.d/*; ls /var/lib/apt/lists /run")
    assert "stable main" in kept
    assert "candidate" not in kept
    # The release as the launch tells it to each machine; this one was launched by hand.
    assert _greeting(machine) == "Hello from none!\n"
    assert machine.sh("ps -C python3 -o user:20=").strip() == "www-data"
    version = machine.sh("dpkg-query --show --showformat='${Version}' hello")
    assert version == checkout["release"]["version"]
