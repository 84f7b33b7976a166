"""Swaps behind a classic load balancer."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.config import Config

from slipway.hooks.fleet.cloud import FleetCloud
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, ShiftTrafficOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from tests.cloud_process import REGION
from tests.integration.fleet import machines
from tests.integration.fleet.machines import CLASSIC, ENDPOINT, client, deploy, facts_of, run
from tests.integration.localcloud.process import Load, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
embedded_cloud, fleet_connection, ami = (
    machines.embedded_cloud,
    machines.fleet_connection,
    machines.ami,
)


@pytest.fixture(scope="module")
def classic(embedded_cloud: None) -> dict[str, Any]:
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
    deploy(ami, "1.0+1.gaaa", **classic)
    with Load(CLASSIC) as load:
        deploy(ami, "1.0+2.gbbb", keep_old=300.0, **classic)
        facts = facts_of(ami, "bad", health_timeout=15.0, **classic)
        run(LaunchOperator, facts)
        with pytest.raises(AirflowFailException, match="HTTP 503"):
            run(FleetHealthySensor, facts)
        run(RollBackOperator, facts)
        deploy(ami, "1.0+1.gaaa", **classic)
    assert load.failures == []
    assert set(load.answers) == {"1.0+1.gaaa", "1.0+2.gbbb"}
    assert load.answers[-1] == "1.0+1.gaaa"
    assert [one.name for one in cloud.observe().groups if one.attached] == [
        "shop-classic-1.0-1.gaaa"
    ]
    assert "shop-classic-1.0-2.gbbb is draining" in capsys.readouterr().out


def test_a_classic_load_balancer_takes_the_ill_out(ami: str, classic: dict[str, Any]) -> None:
    """What the balancer says of a machine is what its own checks found."""
    facts = facts_of(ami, "bad", **classic)
    run(LaunchOperator, facts)
    run(ShiftTrafficOperator, facts)
    cloud = FleetCloud(
        client, project="shop", environment="classic", load_balancer=classic["load_balancer"]
    )

    def judged() -> bool:
        bad = cloud.observe().of("bad")
        said = {one.target_health for one in bad.machines} if bad else set()
        return said == {"unhealthy"}

    with Load(CLASSIC) as load:
        until(judged, seconds=60)
        run(RollBackOperator, facts)
    assert load.failures == []
    assert set(load.answers) == {"1.0+1.gaaa"}
