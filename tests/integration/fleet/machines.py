"""An embedded cloud of its own, and operators that deploy into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import docker
import pytest

from include.localcloud.infrastructure import lay_network
from slipway.model.facts import Json, MachineImage, Release
from slipway.model.target import DeployTarget
from slipway.operators import swap as fleet
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor
from tests.cloud_process import REGION, lay, serving
from tests.fakes.airflow_run import FakeTask
from tests.integration.fleet.web_machine import bake_web
from tests.lanes import own, port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSTALLATION, PORT = own("test-fleet"), port(4596)
ENDPOINT, LISTENER, CLASSIC = f"http://127.0.0.1:{PORT}", port(18596), port(18597)
LET_IN = (FleetHealthySensor, ShiftTrafficOperator, FleetInServiceSensor)
WATCHED = (SoakSensor, RetireOldOperator)


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )


@pytest.fixture(scope="module", autouse=True)
def embedded_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("cloud") / "home"
    with serving(home, installation=INSTALLATION, port=PORT):
        lay_network(endpoint=ENDPOINT, region=REGION)
        lay(ENDPOINT, "shop", "dev", LISTENER)
        yield
    mine: Any = {"label": f"slipway.installation={INSTALLATION}"}
    assert docker.from_env().containers.list(all=True, filters=mine) == []


@pytest.fixture(scope="module", autouse=True)
def fleet_connection(embedded_cloud: None) -> Iterator[None]:
    connection = {
        "conn_type": "aws",
        "login": "x",
        "password": "y",
        "extra": {"endpoint_url": ENDPOINT},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_AWS_FLEET", json.dumps(connection))
        patch.setattr(fleet, "require_recorded", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def ami(embedded_cloud: None) -> str:
    return bake_web(client("ec2"))


def target_of(**more: Any) -> DeployTarget:
    fields: dict[str, Any] = {
        "project": "shop",
        "environment": "dev",
        "region": REGION,
        "aws_conn_id": "aws_fleet",
        "subnets": ("slipway-a", "slipway-b"),
        "security_groups": ("slipway-app",),
        "instance_type": "t3.micro",
        "min_size": 1,
        "desired_size": 2,
        "max_size": 4,
        "health_path": "/",
        "health_port": 8000,
        "health_timeout": 60.0,
        "soak": 1.0,
        "keep_old": 0.0,
        "target_group": "shop-dev",
    }
    return DeployTarget(**(fields | more))


def facts_of(ami: str, version: str, **more: Any) -> dict[str, Any]:
    image = MachineImage(
        release=Release(project="shop", sha="a" * 40, version=version),
        image_id=ami,
        name="web",
        base_image_id="b",
        deb_sha256="d",
        playbook_hash="p",
        region=REGION,
    )
    return {"target": target_of(**more), "image": image.to_json()}


def run(kind: Callable[..., Any], facts: dict[str, Any]) -> Any:
    return kind(task_id=kind.__name__, **facts).execute(FakeTask().context)


def deploy(ami: str, version: str, **more: Any) -> Json:
    facts = facts_of(ami, version, **more)
    made: Json = [run(kind, facts) for kind in (LaunchOperator, *LET_IN, *WATCHED)][-1]
    return made
