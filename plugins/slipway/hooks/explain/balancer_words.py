"""What a balancer says of each machine, with its reasons, in its own words."""

from __future__ import annotations

from typing import Any

from slipway.hooks.aws.load_balancers import Balancer, TargetGroup
from slipway.model.text.inert import visible


def balancer_words(client: Any, balancer: Balancer) -> dict[str, str]:
    """Return the balancer's word on each machine that it knows, by instance id.

    :param client: gives the boto3 client of a service by its name.
    :param balancer: which.
    """
    if isinstance(balancer, TargetGroup):
        answer = client("elbv2").describe_target_health(TargetGroupArn=balancer.key)
        found = answer["TargetHealthDescriptions"]
        told = {one["Target"]["Id"]: one["TargetHealth"] for one in found}
        return {
            one: _joined(health.get("State"), health.get("Reason"), health.get("Description"))
            for one, health in told.items()
        }
    answer = client("elb").describe_instance_health(LoadBalancerName=balancer.key)
    return {
        one["InstanceId"]: _joined(one.get("State"), one.get("ReasonCode"), one.get("Description"))
        for one in answer["InstanceStates"]
    }


def _joined(*words: str | None) -> str:
    # Where there is nothing to say, some say so.
    return visible(": ".join(word for word in words if word and word != "N/A"))
