"""Swaps on real machines behind a real balancer, through the operators and sensors themselves."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import docker
import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.config import Config

from include.localcloud.infrastructure import lay_environment, lay_network
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.facts import Json, MachineImage, Release
from slipway.model.target import Canary, DeployTarget, Probe
from slipway.operators import swap as fleet
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.sensors.canary_soak import CanarySoakSensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor
from tests.cloud_process import REGION, serving
from tests.fakes.airflow_run import FakeTask
from tests.integration.localcloud_process import Load, until
from tests.integration.web_machine import bake_web
from tests.lanes import own, port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

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
def _cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("cloud") / "home"
    with serving(home, installation=INSTALLATION, port=PORT):
        lay_network(endpoint=ENDPOINT, region=REGION)
        lay_environment(
            endpoint=ENDPOINT,
            region=REGION,
            project="shop",
            environment="dev",
            listener_port=LISTENER,
            app_port=8000,
            health_path="/",
            database_url=None,
        )
        yield
    mine: Any = {"label": f"slipway.installation={INSTALLATION}"}
    assert docker.from_env().containers.list(all=True, filters=mine) == []


@pytest.fixture(scope="module", autouse=True)
def _connection(_cloud: None) -> Iterator[None]:
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
def ami(_cloud: None) -> str:
    return bake_web(client("ec2"))


def _target(**more: Any) -> DeployTarget:
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


def _facts(ami: str, version: str, **more: Any) -> dict[str, Any]:
    image = MachineImage(
        release=Release(project="shop", sha="a" * 40, version=version),
        image_id=ami,
        name="web",
        base_image_id="b",
        deb_sha256="d",
        playbook_hash="p",
        region=REGION,
    )
    return {"target": _target(**more), "image": image.to_json()}


def _run(kind: Callable[..., Any], facts: dict[str, Any]) -> Any:
    return kind(task_id=kind.__name__, **facts).execute(FakeTask().context)


def _deploy(ami: str, version: str, **more: Any) -> Json:
    facts = _facts(ami, version, **more)
    made: Json = [_run(kind, facts) for kind in (LaunchOperator, *LET_IN, *WATCHED)][-1]
    return made


def _served() -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{LISTENER}/", timeout=5) as answer:
        served: str = answer.read().decode()
    return served


def _cloud_of() -> FleetCloud:
    return FleetCloud(client, project="shop", environment="dev", target_group="shop-dev")


def _names() -> dict[str, str]:
    """Every server group that is there to stay, with what it does."""
    return {
        group.name: "live" if group.attached else "standby" if group.standby_until else "idle"
        for group in _cloud_of().observe().groups
        if not group.deleting
    }


def _steps(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if message.startswith("did: ")]


def test_one_fleet_after_the_other(ami: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    made = _deploy(ami, "1.0+1.gaaa", keep_old=300.0)
    assert made["previous_group"] is None
    assert len(made["instance_ids"]) == 2
    assert _served() == "1.0+1.gaaa"
    assert _names() == {"shop-dev-1.0-1.gaaa": "live"}

    with Load(LISTENER) as load:
        made = _deploy(ami, "1.0+2.gbbb", keep_old=300.0)
    assert load.failures == []
    assert load.answers[0] == "1.0+1.gaaa"
    assert load.answers[-1] == "1.0+2.gbbb"
    assert made["previous_version"] == "1.0+1.gaaa"
    assert _names() == {"shop-dev-1.0-1.gaaa": "standby", "shop-dev-1.0-2.gbbb": "live"}


def test_the_same_again_does_nothing(ami: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    before = _names()
    _deploy(ami, "1.0+2.gbbb", keep_old=300.0)
    assert _steps(caplog) == []
    assert _names() == before


def test_a_bad_one_is_removed_and_the_old_one_serves_on(ami: str) -> None:
    before = _names()
    facts = _facts(ami, "bad", health_timeout=12.0)
    with Load(LISTENER) as load:
        _run(LaunchOperator, facts)
        held = next(one for one in _cloud_of().observe().groups if one.attached)
        assert held.held
        with pytest.raises(AirflowFailException, match=r"0 of 2 .*i-\w+ at 10\.\S+: HTTP 503"):
            _run(FleetHealthySensor, facts)
        _run(RollBackOperator, facts)
    assert load.failures == []
    assert set(load.answers) == {"1.0+2.gbbb"}
    assert _names() == before
    fleet = _cloud_of().observe()
    assert not any(group.held or group.suspended for group in fleet.groups if group.attached)
    assert fleet.orphans == ()


def test_back_to_the_warm_one_takes_seconds(ami: str, caplog: pytest.LogCaptureFixture) -> None:
    """What served alone before is not watched again, so the length of the soak costs nothing."""
    caplog.set_level("INFO")
    with Load(LISTENER) as load:
        _deploy(ami, "1.0+1.gaaa", keep_old=300.0, soak=3600.0)
    assert load.failures == []
    assert _served() == "1.0+1.gaaa"
    assert not any("launch" in step for step in _steps(caplog))
    assert _names() == {"shop-dev-1.0-1.gaaa": "live", "shop-dev-1.0-2.gbbb": "standby"}


def test_a_standby_goes_when_it_is_due_with_all_its_machines() -> None:
    housekeeping = RetireStandbysOperator(task_id="housekeeping", target=_target())
    housekeeping.execute(FakeTask(dag_id="housekeeping").context)
    assert "shop-dev-1.0-2.gbbb" in _names()
    _cloud_of().mark_standby("shop-dev-1.0-2.gbbb", int(time.time()) - 1)
    housekeeping.execute(FakeTask(dag_id="housekeeping").context)
    assert _names() == {"shop-dev-1.0-1.gaaa": "live"}
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]

    def only_the_live_ones() -> bool:
        pages = client("ec2").describe_instances(Filters=alive)["Reservations"]
        return sum(len(one["Instances"]) for one in pages) == 2

    until(only_the_live_ones, seconds=30)
    templates = client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [one["LaunchTemplateName"] for one in templates] == ["shop-dev-1.0-1.gaaa"]


def test_a_machine_that_dies_during_the_swap_is_waited_for(ami: str) -> None:
    facts = _facts(ami, "1.0+3.gccc")
    launched = _run(LaunchOperator, facts)
    _run(FleetHealthySensor, facts)
    with Load(LISTENER) as load:
        _run(ShiftTrafficOperator, facts)
        _run(FleetInServiceSensor, facts)
    assert load.failures == []
    victim = _cloud_of().observe().of("1.0+3.gccc")
    assert victim is not None
    client("ec2").terminate_instances(InstanceIds=[victim.machines[0].instance_id])
    done = _run(RetireOldOperator, facts)
    assert len(done["instance_ids"]) == 2
    assert victim.machines[0].instance_id not in done["instance_ids"]
    assert _names() == {launched["server_group"]: "live"}
    assert _served() == "1.0+3.gccc"


def _serving() -> dict[str, int]:
    return {group.name: group.serving for group in _cloud_of().observe().groups if group.serving}


def test_a_canary_serves_beside_the_full_old_fleet_then_comes_the_rest(ami: str) -> None:
    before = _serving()
    facts = _facts(ami, "1.0+4.gddd", canary=Canary(soak=2.0), probe=Probe(path="/ready"))
    with Load(LISTENER) as load:
        canary: tuple[Callable[..., Any], ...] = (LaunchCanaryOperator, *LET_IN, CanarySoakSensor)
        for kind in canary:
            _run(kind, facts)
        assert _serving() == before | {"shop-dev-1.0-4.gddd": 1}
        for kind in (LaunchOperator, *LET_IN, *WATCHED):
            _run(kind, facts)
    assert load.failures == []
    assert set(load.answers) == {"1.0+3.gccc", "1.0+4.gddd"}
    assert _serving() == {"shop-dev-1.0-4.gddd": 2}
    assert _names() == {"shop-dev-1.0-4.gddd": "live"}


@pytest.mark.parametrize("canary", [None, Canary(soak=20.0)], ids=["in full", "canary"])
def test_a_release_that_only_the_probe_finds_out_goes_by_itself(
    ami: str, canary: Canary | None
) -> None:
    """Healthy by the balancer's check, and not ready: its soak ends it, and roll_back runs."""
    before = _names()
    facts = _facts(ami, "sly", soak=20.0, canary=canary, probe=Probe(path="/ready"))
    launch, soak = (
        (LaunchCanaryOperator, CanarySoakSensor) if canary else (LaunchOperator, SoakSensor)
    )
    with Load(LISTENER) as load:
        for kind in (launch, *LET_IN):
            _run(kind, facts)
        with pytest.raises(AirflowFailException, match=r"3 times in a row: i-\w+ at .*HTTP 503"):
            _run(soak, facts)
        _run(RollBackOperator, facts)
    assert load.failures == []
    assert _names() == before
    assert _serving() == {"shop-dev-1.0-4.gddd": 2}
    assert _cloud_of().observe().orphans == ()


@pytest.fixture(scope="module")
def classic(_cloud: None) -> dict[str, Any]:
    """An environment behind a classic load balancer."""
    # botocore would insist on AWS's five seconds between two health checks.
    elb: Any = boto3.client(
        "elb",
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(parameter_validation=False),
    )
    name = "shop-classic"
    subnets = [one["SubnetId"] for one in client("ec2").describe_subnets()["Subnets"]]
    port = {"Protocol": "HTTP", "LoadBalancerPort": CLASSIC, "InstancePort": 8000}
    elb.create_load_balancer(LoadBalancerName=name, Listeners=[port], Subnets=subnets)
    check = {"Interval": 1, "Timeout": 1, "HealthyThreshold": 2, "UnhealthyThreshold": 2}
    elb.configure_health_check(LoadBalancerName=name, HealthCheck={**check, "Target": "HTTP:8000/"})
    draining = {"ConnectionDraining": {"Enabled": True, "Timeout": 2}}
    elb.modify_load_balancer_attributes(LoadBalancerName=name, LoadBalancerAttributes=draining)
    return {"environment": "classic", "load_balancer": name, "target_group": None}


def test_behind_a_classic_load_balancer(
    ami: str, classic: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = FleetCloud(
        client, project="shop", environment="classic", load_balancer=classic["load_balancer"]
    )
    _deploy(ami, "1.0+1.gaaa", **classic)
    with Load(CLASSIC) as load:
        _deploy(ami, "1.0+2.gbbb", keep_old=300.0, **classic)
        facts = _facts(ami, "bad", health_timeout=5.0, **classic)
        _run(LaunchOperator, facts)
        with pytest.raises(AirflowFailException, match="HTTP 503"):
            _run(FleetHealthySensor, facts)
        _run(RollBackOperator, facts)
        _deploy(ami, "1.0+1.gaaa", **classic)
    assert load.failures == []
    assert set(load.answers) == {"1.0+1.gaaa", "1.0+2.gbbb"}
    assert load.answers[-1] == "1.0+1.gaaa"
    assert [one.name for one in cloud.observe().groups if one.attached] == [
        "shop-classic-1.0-1.gaaa"
    ]
    assert "shop-classic-1.0-2.gbbb is draining" in capsys.readouterr().out


def test_a_classic_load_balancer_takes_the_ill_out(ami: str, classic: dict[str, Any]) -> None:
    """What the balancer says of a machine is what its own checks found."""
    facts = _facts(ami, "bad", **classic)
    _run(LaunchOperator, facts)
    _run(ShiftTrafficOperator, facts)
    cloud = FleetCloud(
        client, project="shop", environment="classic", load_balancer=classic["load_balancer"]
    )

    def judged() -> bool:
        bad = cloud.observe().of("bad")
        said = {one.target_health for one in bad.machines} if bad else set()
        return said == {"unhealthy"}

    with Load(CLASSIC) as load:
        until(judged, seconds=60)
        _run(RollBackOperator, facts)
    assert load.failures == []
    assert set(load.answers) == {"1.0+1.gaaa"}
