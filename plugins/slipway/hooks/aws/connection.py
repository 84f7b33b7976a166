"""boto3 clients from an Airflow connection of type ``aws``: roles, endpoints and regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

from slipway.hooks.aws.session import HASTY, AwsSession
from slipway.hooks.aws.shared_looks import SHARED
from slipway.hooks.explain.explainer import CloudExplainer
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.cloud.health_check import HealthCheck


def aws_client(aws_conn_id: str, region: str, service: str) -> Any:
    """Return a boto3 client.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    :param service: as boto3 names it.
    """
    return AwsSession(aws_conn_id=aws_conn_id, region_name=region).client(service)


def aws_clients(aws_conn_id: str, region: str) -> Callable[[str], Any]:
    """Return what gives the boto3 client of a service by its name, each made once.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    """
    return lru_cache(AwsSession(aws_conn_id=aws_conn_id, region_name=region).client)


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

    session = AwsSession(aws_conn_id=aws_conn_id, region_name=region)
    return FleetCloud(
        lru_cache(session.client),
        project=project,
        environment=environment,
        target_group=target_group,
        load_balancer=load_balancer,
    )


def shared_fleet_cloud(aws_conn_id: str, region: str, **which: Any) -> FleetCloud:
    """Return the fleet of one environment for whoever waits: it is looked at together with others.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    :param which: as for :func:`fleet_cloud`.
    """
    cloud = fleet_cloud(aws_conn_id, region, **which)
    return cloud.share(partial(SHARED.ask, (aws_conn_id, region, "groups")))


def hasty_fleet(
    aws_conn_id: str,
    region: str,
    *,
    project: str,
    environment: str,
    target_group: str | None = None,
    load_balancer: str | None = None,
) -> tuple[FleetCloud, Callable[[Sequence[HealthCheck]], CloudExplainer]]:
    """Return a fleet that is looked at in a hurry, and what asks its machines why they are ill.

    Every client is made here, so that threads may use them: Airflow's connections are the
    task's own thread's to ask for.

    :param aws_conn_id: the Airflow connection.
    :param region: wins over the connection's.
    :param project: the project's name.
    :param environment: the environment's name.
    :param target_group: name of the environment's target group, or
    :param load_balancer: name of its classic load balancer.
    """
    session = AwsSession(aws_conn_id=aws_conn_id, region_name=region)
    balancing = "elbv2" if target_group else "elb"
    services = ("autoscaling", "ec2", "ssm", balancing)
    clients = {name: session.client(name, HASTY) for name in services}
    cloud = FleetCloud(
        clients.__getitem__,
        project=project,
        environment=environment,
        target_group=target_group,
        load_balancer=load_balancer,
    )
    return cloud, partial(_explainer, clients)


def _explainer(clients: Mapping[str, Any], questions: Sequence[HealthCheck]) -> CloudExplainer:
    return CloudExplainer(ssm=clients["ssm"], ec2=clients["ec2"], questions=questions)


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
