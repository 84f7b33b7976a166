"""boto3 clients from an Airflow connection of type ``aws``: roles, endpoints and regions."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config

from slipway.hooks.fleet_cloud import FleetCloud

# Twelve tries with standard back-off (random, up to 20 s between two: 85 s on average) outlast an
# API that is away for half a minute; after that the task fails and Airflow takes its turn.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 12}, connect_timeout=5, read_timeout=60
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


class _OneSession(AwsBaseHook):
    """Gives the clients of several services.

    All come from one session: each would read botocore's data files anew, which takes a task
    longer than its calls do.
    """

    @cached_property
    def _session(self) -> Any:
        return super().get_session(region_name=self.region_name)

    def get_session(self, *_: Any, **__: Any) -> Any:
        """Return the one session."""
        return self._session

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service.

        :param service: as boto3 names it.
        """
        self.client_type = service
        with _uncollected():
            return self.get_client_type()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector still while botocore reads its data.

    Those are so many objects that it would walk through all of Airflow's again and again, which
    is two thirds of the time.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def fleet_cloud(
    aws_conn_id: str,
    region: str,
    *,
    project: str,
    environment: str,
    target_group: str | None = None,
    load_balancer: str | None = None,
) -> FleetCloud:
    """Return the fleet of one environment; nothing is asked before it is needed.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    :param project: the project's name.
    :param environment: the environment's name.
    :param target_group: name of the environment's target group, or
    :param load_balancer: name of its classic load balancer.
    """

    hook = _OneSession(aws_conn_id=aws_conn_id, region_name=region, config=CONFIG)
    return FleetCloud(
        lru_cache(hook.client), project=project, environment=environment, target_group=target_group,
        load_balancer=load_balancer,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """What a tool in a container needs to use a connection's account.

    :param environment: credentials and region, as every AWS SDK reads them.
    :param endpoint: the API's URL, None for AWS itself.
    """

    environment: dict[str, str]
    endpoint: str | None


def account(aws_conn_id: str, region: str, service: str) -> Account:
    """Return a connection's account for one service.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    :param service: whose endpoint it is.
    """
    hook = AwsBaseHook(aws_conn_id=aws_conn_id, region_name=region, client_type=service)
    credentials = hook.get_credentials(region_name=region)
    environment = {
        "AWS_ACCESS_KEY_ID": credentials.access_key or "",
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key or "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    if credentials.token:
        environment["AWS_SESSION_TOKEN"] = credentials.token
    endpoint = hook.conn_config.get_service_endpoint_url(service)
    return Account(environment=environment, endpoint=endpoint)
