"""What a deployed application gets of the embedded cloud, and what nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.cloud_process import REGION, serving
from tests.integration.localcloud.process import INSTALLATION, PORT, client, leftovers, vpc

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("cloud") / "home"
    with serving(home, installation=INSTALLATION, port=PORT):
        yield home
    assert leftovers() == []


def test_a_machine_reads_its_parameters_and_writes_none() -> None:
    client("ssm").put_parameter(Name="/slipway/shop/dev/A", Value="1&2", Type="SecureString")
    make: Any = boto3.client
    ssm = make(
        "ssm",
        endpoint_url=f"http://{vpc()[2]}",
        region_name=REGION,
        aws_access_key_id="machine",
        aws_secret_access_key="machine",
        config=Config(retries={"max_attempts": 0}),
    )
    path = {"Path": "/slipway/shop/dev", "Recursive": True, "WithDecryption": True}
    [found] = ssm.get_parameters_by_path(**path)["Parameters"]
    assert found["Value"] == "1&2"
    with pytest.raises(ClientError, match=r"AccessDenied|403"):
        ssm.put_parameter(Name="/slipway/shop/dev/A", Value="2", Type="String", Overwrite=True)


def test_a_deployed_application_runs_nothing_on_the_host_through_the_gateway() -> None:
    make: Any = boto3.client
    for service, call, given in (
        ("batch", "describe_compute_environments", {}),
        ("lambda", "list_functions", {}),
        ("elbv2", "create_target_group", {"Name": "evil", "HealthCheckPath": "/x\nprogram x"}),
        ("ec2", "describe_instances", {}),
    ):
        api = make(
            service,
            endpoint_url=f"http://{vpc()[2]}",
            region_name=REGION,
            aws_access_key_id="machine",
            aws_secret_access_key="machine",
        )
        with pytest.raises(ClientError) as caught:
            getattr(api, call)(**given)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_health_check_path_that_writes_haproxys_configuration_is_refused() -> None:
    path = "/x\nprogram pwn\n    command sh -c id"
    with pytest.raises(ClientError, match="ValidationError"):
        client("elbv2").create_target_group(
            Name="evil", Protocol="HTTP", Port=80, VpcId="vpc-1", HealthCheckPath=path
        )
    balancers: Any = client("elb")
    with pytest.raises(ClientError, match="ValidationError"):
        balancers.create_load_balancer(
            LoadBalancerName="a\nprogram x",
            Subnets=[],
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 1, "InstancePort": 1}],
        )
