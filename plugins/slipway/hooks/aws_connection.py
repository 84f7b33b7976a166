"""boto3 clients from an Airflow connection of type ``aws``: roles, endpoints and regions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from slipway.hooks.fleet_cloud import FleetCloud

# Eight tries with standard back-off (up to 20 s between two) outlast an API that is away for
# half a minute; after that the task fails and Airflow takes its turn.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=60
)


def aws_client(aws_conn_id: str, region: str, service: str) -> Any:
    """Return a boto3 client.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    :param service: as boto3 names it.
    """
    hook = AwsBaseHook(
        aws_conn_id=aws_conn_id, region_name=region, client_type=service, config=CONFIG
    )
    return hook.get_conn()


def fleet_cloud(aws_conn_id: str, region: str) -> FleetCloud:
    """Return the fleets of one account and region."""

    @lru_cache
    def client(service: str) -> Any:
        return aws_client(aws_conn_id, region, service)

    return FleetCloud(client)
