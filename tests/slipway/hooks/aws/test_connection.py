from __future__ import annotations

import gc
import json
from typing import Any
from unittest import mock

import boto3
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook, SessionFactory
from botocore.loaders import JSONFileLoader
from moto import mock_aws

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.aws.connection import account, aws_client, fleet_cloud
from slipway.hooks.aws.session import SERVICES, AwsSession, warm_up


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> str:
    url = "http://127.0.0.1:4999"
    connection: dict[str, Any] = {
        "conn_type": "aws",
        "login": "key",
        "password": "secret",
        "extra": {"endpoint_url": url, "region_name": "eu-west-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SHOP", json.dumps(connection))
    return url


def test_endpoint_region_and_retries_are_the_connections_and_ours(endpoint: str) -> None:
    client = aws_client("aws_shop", "eu-north-1", "autoscaling")
    assert client.meta.endpoint_url == endpoint
    assert client.meta.region_name == "eu-north-1"
    assert client.meta.config.retries["mode"] == "standard"
    assert client.meta.config.retries["total_max_attempts"] > 1


def test_an_account_for_a_tool(endpoint: str) -> None:
    found = account("aws_shop", "eu-west-1", "ec2")
    assert found.endpoint == endpoint
    assert found.environment["AWS_ACCESS_KEY_ID"] == "key"
    assert found.environment["AWS_REGION"] == "eu-west-1"


def test_a_session_and_its_descriptions_serve_all_clients(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = AwsSession(aws_conn_id="aws_shop", region_name="eu-north-1")
    with mock.patch.object(SessionFactory, "create_session", autospec=True) as made:
        made.return_value = boto3.session.Session(region_name="eu-north-1")
        clients = [session.client(service) for service in SERVICES]
    assert made.call_count == 1
    assert [one.meta.service_model.service_name for one in clients] == list(SERVICES)
    assert {one.meta.region_name for one in clients} == {"eu-north-1"}

    warm_up()
    read, load = [], JSONFileLoader.load_file

    def watched(self: Any, path: str) -> Any:
        found = load(self, path)
        if found is not None:
            read.append(path)
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", watched)
    for service in SERVICES:
        AwsSession(aws_conn_id="aws_shop", region_name="eu-west-1").client(service)
    assert read == []


def test_a_fleet_is_opened_without_asking_anything(endpoint: str) -> None:
    """Nobody listens at the endpoint."""
    fleet_cloud("aws_shop", "eu-west-1", project="shop", environment="dev", target_group="shop-dev")


def test_all_clients_of_a_fleet_come_from_one_session(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session reads the data of each service anew, which takes longer than the calls do."""
    made: list[str | None] = []
    make = AwsBaseHook.get_session

    def session(self: AwsBaseHook, region_name: str | None = None, **more: bool) -> Any:
        made.append(region_name)
        return make(self, region_name, **more)

    monkeypatch.setattr(AwsBaseHook, "get_session", session)
    fleet = fleet_cloud("aws_shop", "eu-north-1", project="shop", environment="dev")
    clients = [fleet._client(service) for service in ("ec2", "ssm", "autoscaling")]
    assert made == ["eu-north-1"]
    assert [one.meta.service_model.service_name for one in clients] == ["ec2", "ssm", "autoscaling"]
    assert {one.meta.endpoint_url for one in clients} == {endpoint}
    assert gc.isenabled()
    assert {one.meta.config.retries["total_max_attempts"] for one in clients} == {12}


def test_the_fleet_is_asked_through_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"conn_type": "aws", "login": "key", "password": "secret"}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_PLAIN", json.dumps(plain))
    with mock_aws():
        client = aws_client("aws_plain", "eu-west-1", "elbv2")
        vpc = aws_client("aws_plain", "eu-west-1", "ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        client.create_target_group(Name="shop-dev", Protocol="HTTP", Port=80, VpcId=vpc)
        fleet = fleet_cloud(
            "aws_plain", "eu-west-1", project="shop", environment="dev", target_group="shop-dev"
        )
        assert fleet.observe().groups == ()
        elsewhere = fleet_cloud(
            "aws_plain", "eu-north-1", project="shop", environment="dev", target_group="shop-dev"
        )
        with pytest.raises(EnvironmentMisconfigured, match="no target group 'shop-dev'"):
            elsewhere.observe()
