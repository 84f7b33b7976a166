"""A whole world for the operators: an embedded cloud, a git server, connections, a repository.

Nothing is faked here but Airflow's scheduler: each operator is executed as a worker would.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest

from include.demo import down
from include.demo.signing_key import make_signing_key
from include.images.build import bring_up_to_date
from include.localcloud import infrastructure
from slipway.hooks.docker import metadata_guard
from slipway.model.facts import Json
from slipway.operators.checkout import CheckoutOperator
from tests.cloud_process import REGION, serving
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.lanes import own, port

ROOT = Path(__file__).resolve().parents[2]
GUESTBOOK = ROOT / "include" / "examples" / "guestbook"
INSTALLATION, PORT = own("test-e2e"), port(4606)
# Of what the operators make in Docker.
OPERATORS = own("test")
ENDPOINT = f"http://127.0.0.1:{PORT}"
LISTENER = port(8091)
# Records of base layers, in an artifact store.
BASE_LAYERS = "base-images"
# What the operators are given besides the facts, as the project file would.
PACKAGE: dict[str, Any] = {
    "package": "guestbook",
    "nfpm_file": "packaging/nfpm.yaml",
    "unit": "guestbook.service",
}
IMAGES = {"python:3.11": "slipway/python:3.11", "postgres:15": "slipway/postgres:15"}


class World:
    """What a test asks of the cloud and of Docker."""

    def __init__(self) -> None:
        self.docker = docker.from_env()

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=ENDPOINT,
            region_name=REGION,
            aws_access_key_id="embedded",
            aws_secret_access_key="embedded",
        )

    def leftovers(self) -> list[str]:
        """List what operators left in Docker; the apt volume is meant to stay."""
        mine: Any = {"label": f"slipway.installation={OPERATORS}"}
        containers = [
            str(one.name)
            for one in self.docker.containers.list(all=True, filters=mine)
            if one.labels.get("slipway.kind") != metadata_guard.KIND
        ]
        networks = [str(one.name) for one in self.docker.networks.list(filters=mine)]
        volumes = [str(one.name) for one in self.docker.volumes.list(filters=mine)]
        return [*containers, *networks, *(name for name in volumes if "aptly" not in name)]

    def builders(self) -> list[str]:
        """List what a bake must not leave in the cloud."""
        ec2 = self.client("ec2")
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]
        pages = ec2.describe_instances(
            Filters=[*alive, {"Name": "tag-key", "Values": ["slipway:bake"]}]
        )
        instances = [i["InstanceId"] for r in pages["Reservations"] for i in r["Instances"]]
        keys = [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]]
        groups = [g["GroupName"] for g in ec2.describe_security_groups()["SecurityGroups"]]
        return [
            *instances,
            *keys,
            *(g for g in groups if g.startswith("slipway-") and g != "slipway-app"),
        ]

    def groups(self, project: str = "guestbook") -> list[str]:
        """List a project's server groups; those of the board's test serve in the same cloud."""
        found = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        names = [one["AutoScalingGroupName"] for one in found if "Status" not in one]
        return [name for name in names if name.startswith(f"{project}-")]

    def templates(self, project: str = "guestbook") -> list[str]:
        """List a project's launch templates."""
        found = self.client("ec2").describe_launch_templates()["LaunchTemplates"]
        names = [one["LaunchTemplateName"] for one in found]
        return [name for name in names if name.startswith(f"{project}-")]

    def retire(self, project: str) -> None:
        """Delete a project's server groups, with their machines and templates."""
        for name in self.groups(project):
            self.client("autoscaling").delete_auto_scaling_group(
                AutoScalingGroupName=name, ForceDelete=True
            )
        for name in self.templates(project):
            self.client("ec2").delete_launch_template(LaunchTemplateName=name)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("cloud") / "home"
    client = docker.from_env(timeout=1800)
    # The cloud offers what is there when it begins.
    bring_up_to_date(client, ["machine-13"])
    client.close()
    try:
        with serving(home, installation=INSTALLATION, port=PORT):
            urls = infrastructure.lay_project(
                endpoint=ENDPOINT,
                region=REGION,
                installation=INSTALLATION,
                project="guestbook",
                listeners={"dev": LISTENER},
                app_port=8000,
                health_path="/healthz",
            )
            configure(json.loads((home / "cloud.json").read_text())["gateway"], urls)
            yield World()
    finally:
        down.remove_from_docker(OPERATORS)


def configure(gateway: str, urls: dict[str, str]) -> None:
    """Tell this process, and those that it starts, of the cloud.

    :param gateway: URL at which the cloud's machines reach its API.
    :param urls: databases, by Airflow's connection to them.
    """
    aws = {"endpoint_url": ENDPOINT, "region_name": REGION}
    apt = {"bucket": "slipway-apt", "region": REGION, "acl": "public-read"}
    connections: dict[str, Any] = {
        "AWS_DEFAULT": {
            "conn_type": "aws",
            "login": "embedded",
            "password": "embedded",
            "extra": aws,
        },
        "SLIPWAY_APT": {
            "conn_type": "generic",
            "host": f"{gateway}/slipway-apt",
            "password": make_signing_key(),
            "extra": apt,
        },
    }
    os.environ |= {f"AIRFLOW_CONN_{name}": json.dumps(one) for name, one in connections.items()}
    os.environ |= {f"AIRFLOW_CONN_{name.upper()}": url for name, url in urls.items()}
    os.environ["AIRFLOW_VAR_GUESTBOOK_TEST_PASSWORD"] = "guestbook"
    os.environ |= {
        "AIRFLOW__SLIPWAY__SOURCE_AMI": "debian-12-amd64-slipway",
        "AIRFLOW__SLIPWAY__SOURCE_OWNER": "self",
        "AIRFLOW__SLIPWAY__BAKE_ENCRYPT": "False",
    }


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of images that tests share, beside the cloud that holds them."""
    return tmp_path_factory.mktemp("kept")


@contextmanager
def shared(kept: Path, store: Path, folder: str) -> Iterator[None]:
    """Tell a test's artifact store of the images that were baked before it, and the next of its.

    :param folder: of their records.
    """
    if (kept / folder).exists():
        shutil.copytree(kept / folder, store / folder, dirs_exist_ok=True)
    yield
    if (store / folder).exists():
        shutil.copytree(store / folder, kept / folder, dirs_exist_ok=True)


@pytest.fixture
def artifacts(artifacts: Path, kept: Path) -> Iterator[Path]:
    """A store of the test's own, which knows the base layers that the cloud has."""
    with shared(kept, artifacts, BASE_LAYERS):
        yield artifacts


@pytest.fixture
def guestbook(repository: Repository) -> Repository:
    """The example's repository, one commit, version 1.0.0."""
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".mypy_cache")
    shutil.copytree(GUESTBOOK, repository.path, dirs_exist_ok=True, ignore=ignored)
    repository.commit("A guestbook")
    repository.git("tag", "v1.0.0")
    return repository


@pytest.fixture
def run() -> Callable[..., Any]:
    """Execute an operator as the task of a run."""
    run_id = f"run-{time.monotonic_ns()}"

    def execute(operator: Any) -> Any:
        task = FakeTask(dag_id="guestbook", run_id=run_id, task_id=operator.task_id)
        return operator.execute(task.context)

    return execute


@pytest.fixture
def checkout(guestbook: Repository, run: Callable[..., Any], artifacts: Path) -> Callable[[], Json]:
    """Check the head of the guestbook's main branch out."""

    def head() -> Json:
        operator = CheckoutOperator(
            task_id="checkout",
            project="guestbook",
            repository=guestbook.source,
            ref="main",
            branch="main",
        )
        found: Json = run(operator)
        return found

    return head


@pytest.fixture(autouse=True)
def _nothing_is_left(world: World) -> Any:
    yield
    assert world.leftovers() == []
    assert world.builders() == []
