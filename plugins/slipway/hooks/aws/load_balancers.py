"""The two kinds of load balancer, which a server group is attached to in the same three words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from slipway.hooks.aws.balancer_health_check import of_classic, of_target_group
from slipway.hooks.aws.balancer_names import classic_balancers, target_groups
from slipway.hooks.aws.lookup import missing
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.text.nearest import Owner

_TARGET_GROUP, _LOAD_BALANCER = "target group", "load balancer"
_CLASSIC_STATES = {"InService": "healthy", "OutOfService": "unhealthy"}


class Balancer(Protocol):
    """Where an environment's traffic comes from."""

    @property
    def key(self) -> str:
        """What a server group names when it hangs on this balancer."""

    def health(self, instance_id: str | None = None) -> dict[str, str]:
        """Return the balancer's word on each instance that it knows, or on one, by instance id."""

    def slow_start(self) -> int:
        """Return the seconds over which a new machine gets its full share of requests."""

    def drain(self) -> int:
        """Return the seconds that a machine is given to finish its requests."""

    def check(self) -> HealthCheck:
        """Return how machines are asked for their health."""

    def attach(self, group: str) -> None:
        """Let a server group's machines in."""

    def detach(self, group: str) -> None:
        """Take a server group's machines out, which lets them finish first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetGroup:
    """The target group of an application or network load balancer.

    :param key: its ARN.
    :param autoscaling: a boto3 client.
    :param elbv2: a boto3 client.
    :param raw: as Elastic Load Balancing describes it.
    """

    key: str
    autoscaling: Any
    elbv2: Any
    raw: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> HealthCheck:
        """Return how machines are asked for their health."""
        return of_target_group(self.raw)

    def health(self, instance_id: str | None = None) -> dict[str, str]:
        """Return ``healthy``, ``unhealthy``, ``initial``, ``draining``... by instance id."""
        one: dict[str, Any] = {"Targets": [{"Id": instance_id}]} if instance_id else {}
        answer = self.elbv2.describe_target_health(TargetGroupArn=self.key, **one)
        return {
            one["Target"]["Id"]: one["TargetHealth"]["State"]
            for one in answer["TargetHealthDescriptions"]
        }

    def slow_start(self) -> int:
        """Return the seconds over which a new machine gets its full share of requests."""
        return self._told("slow_start.duration_seconds")

    def drain(self) -> int:
        """Return the seconds that a machine is given to finish its requests."""
        return self._told("deregistration_delay.timeout_seconds")

    def _told(self, attribute: str) -> int:
        answer = self.elbv2.describe_target_group_attributes(TargetGroupArn=self.key)
        told = {one["Key"]: one["Value"] for one in answer["Attributes"]}
        return int(told.get(attribute) or 0)

    def attach(self, group: str) -> None:
        """Let a server group's machines in."""
        self.autoscaling.attach_load_balancer_target_groups(
            AutoScalingGroupName=group, TargetGroupARNs=[self.key]
        )

    def detach(self, group: str) -> None:
        """Take a server group's machines out, which lets them finish first."""
        try:
            self.autoscaling.detach_load_balancer_target_groups(
                AutoScalingGroupName=group, TargetGroupARNs=[self.key]
            )
        except ClientError:
            if self.key in _attached(self.autoscaling, group):
                raise


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassicBalancer:
    """A classic load balancer.

    :param key: its name.
    :param autoscaling: a boto3 client.
    :param elb: a boto3 client.
    :param raw: as Elastic Load Balancing describes it.
    """

    key: str
    autoscaling: Any
    elb: Any
    raw: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> HealthCheck:
        """Return how machines are asked for their health."""
        return of_classic(self.raw)

    def health(self, instance_id: str | None = None) -> dict[str, str]:
        """Return a target group's words for what this balancer says, by instance id."""
        # Asked about a machine that it does not know yet, this kind refuses to answer.
        states = classic_states(self.elb, self.key)
        return {one: state for one, state in states.items() if instance_id in (None, one)}

    def slow_start(self) -> int:
        """Return nothing: this kind knows no slow start."""
        return 0

    def drain(self) -> int:
        """Return the seconds that a machine is given to finish its requests."""
        answer = self.elb.describe_load_balancer_attributes(LoadBalancerName=self.key)
        draining = answer["LoadBalancerAttributes"].get("ConnectionDraining", {})
        return int(draining.get("Timeout") or 0) if draining.get("Enabled") else 0

    def attach(self, group: str) -> None:
        """Let a server group's machines in."""
        self.autoscaling.attach_load_balancers(
            AutoScalingGroupName=group, LoadBalancerNames=[self.key]
        )

    def detach(self, group: str) -> None:
        """Take a server group's machines out, which lets them finish first."""
        try:
            self.autoscaling.detach_load_balancers(
                AutoScalingGroupName=group, LoadBalancerNames=[self.key]
            )
        except ClientError:
            if self.key in _attached(self.autoscaling, group):
                raise


def target_group(client: Any, name: str, owner: Owner) -> TargetGroup:
    """Find a target group.

    :param client: gives the boto3 client of a service by its name.
    :param name: its name.
    :param owner: whose it should be.
    :raises EnvironmentMisconfigured: naming the nearest of the same owner.
    """
    elbv2 = client("elbv2")
    try:
        found = elbv2.describe_target_groups(Names=[name])["TargetGroups"]
    except elbv2.exceptions.TargetGroupNotFoundException as error:
        raise missing(_TARGET_GROUP, name, owner.own(target_groups(client, None))) from error
    arn = str(found[0]["TargetGroupArn"])
    return TargetGroup(key=arn, autoscaling=client("autoscaling"), elbv2=elbv2, raw=found[0])


def classic_balancer(client: Any, name: str, owner: Owner) -> ClassicBalancer:
    """Find a classic load balancer.

    :param client: gives the boto3 client of a service by its name.
    :param name: its name.
    :param owner: whose it should be.
    :raises EnvironmentMisconfigured: naming the nearest of the same owner.
    """
    elb = client("elb")
    try:
        answer = elb.describe_load_balancers(LoadBalancerNames=[name])
    except elb.exceptions.AccessPointNotFoundException as error:
        there = owner.own(classic_balancers(client, None))
        raise missing(_LOAD_BALANCER, name, there) from error
    raw: Mapping[str, Any] = next(iter(answer["LoadBalancerDescriptions"]), {})
    return ClassicBalancer(key=name, autoscaling=client("autoscaling"), elb=elb, raw=raw)


def balancers_of(group: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of all balancers that a described server group hangs on.

    One that was attached as a traffic source may be named among those alone.
    """
    sources = (one["Identifier"] for one in group.get("TrafficSources") or ())
    named = (*group.get("TargetGroupARNs", ()), *group.get("LoadBalancerNames", ()), *sources)
    return tuple(dict.fromkeys(named))


def classic_states(elb: Any, name: str) -> dict[str, str]:
    """Return a target group's words for what a classic balancer says, by instance id."""
    answer = elb.describe_instance_health(LoadBalancerName=name)
    return {
        one["InstanceId"]: _classic_state(one["State"], one.get("Description") or "")
        for one in answer["InstanceStates"]
    }


def _classic_state(state: str, description: str) -> str:
    # One that finishes its last requests is still InService, and says so in words alone.
    if "deregistration currently in progress" in description:
        return "draining"
    if "registration is still in progress" in description:
        return "initial"
    return _CLASSIC_STATES.get(state, "initial")


def _attached(autoscaling: Any, group: str) -> tuple[str, ...]:
    """Read back: Auto Scaling refuses to detach what is detached already."""
    answer = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return tuple(key for one in answer["AutoScalingGroups"] for key in balancers_of(one))
