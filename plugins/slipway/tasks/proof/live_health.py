"""How a machine of an environment is asked for its health, for a service that stands in for one."""

from __future__ import annotations

from collections.abc import Callable

from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.exceptions import SlipwayError
from slipway.fleet.health_question import health_question
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.cloud.health_check import HealthCheck, Scheme
from slipway.model.target import DeployTarget
from slipway.tasks.proof.live_service import NotStartable


def health_of(
    target: DeployTarget, open_cloud: Callable[[DeployTarget], FleetCloud]
) -> HealthCheck:
    """Return how a machine is asked for its health.

    :param target: the environment.
    :param open_cloud: opens the door to its fleet.
    :raises NotStartable: when nobody knows, or it is not asked by HTTP.
    """
    try:
        check = open_cloud(target).health_check()
    except (SlipwayError, AirflowNotFoundException) as error:
        if target.health_path is None or target.health_port is None:
            msg = f"how the balancer asks for its health cannot be seen: {error}"
            raise NotStartable(msg) from error
        check = HealthCheck(scheme=Scheme.HTTP, port=target.health_port)
    found = health_question(target, check)
    if found.scheme is not Scheme.HTTP:
        msg = f"its health is asked for by {found.scheme.value}, and only HTTP is spoken here"
        raise NotStartable(msg)
    return found
