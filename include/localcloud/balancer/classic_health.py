"""Classic load balancers as AWS runs them: their machines are checked, and leave in peace.

moto calls every running instance healthy, and a group that joins one of its classic load
balancers throws all other groups out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.elb.exceptions import NoActiveLoadBalancerFoundError
from moto.elb.responses import ELBResponse

from include.localcloud.api.patch import correct
from include.localcloud.api.target_health import Health, HealthTable
from include.localcloud.compute.group_rules import registered

_NONE = "N/A"
# State, reason code and description of DescribeInstanceHealth.
_WORDS = {
    Health.REGISTERING: ("OutOfService", "ELB", "Instance registration is still in progress."),
    Health.INITIAL: ("OutOfService", "ELB", "Instance registration is still in progress."),
    Health.HEALTHY: ("InService", _NONE, _NONE),
    Health.UNHEALTHY: (
        "OutOfService",
        "Instance",
        "Instance has failed at least the UnhealthyThreshold number "
        "of health checks consecutively.",
    ),
    Health.DRAINING: ("InService", _NONE, "Instance deregistration currently in progress."),
    Health.UNUSED: ("OutOfService", "Instance", "Instance is not registered."),
    Health.STOPPED: ("OutOfService", "Instance", "Instance is in stopped state."),
}


@dataclass(frozen=True, slots=True)
class ClassicTargets:
    """A classic load balancer, in the eyes of the health table.

    :param balancer: moto's.
    :param ec2_backend: moto's.
    """

    balancer: Any
    ec2_backend: Any

    @property
    def arn(self) -> str:
        """What tells it from every target group."""
        return f"classic/{self.balancer.name}"

    @property
    def targets(self) -> list[str]:
        """The registered instances."""
        return list(dict.fromkeys(self.balancer.instance_ids))


def classic_targets(elb: Any) -> list[ClassicTargets]:
    """Return all classic load balancers.

    :param elb: moto's backend.
    """
    ec2 = ec2_backends[elb.account_id][elb.region_name]
    return [ClassicTargets(one, ec2) for one in elb.load_balancers.values()]


def correct_classic_balancers(table: HealthTable) -> None:
    """Have moto answer from the table, and leave it to the reconciler to register instances."""

    def describe_instance_health(self: Any) -> Any:
        name = self._get_param("LoadBalancerName")
        found = classic_targets(self.elb_backend)
        targets = next((one for one in found if one.balancer.name == name), None)
        if targets is None:
            raise NoActiveLoadBalancerFoundError(name=name)
        asked = [one["InstanceId"] for one in self._get_param("Instances", [])]
        states = [_state(table, targets, one) for one in asked or table.known(targets)]
        return ActionResult({"InstanceStates": states})

    correct(ELBResponse, describe_instance_health=describe_instance_health)
    correct(
        AutoScalingBackend,
        attach_load_balancers=_attach,
        detach_load_balancers=_detach,
        update_attached_elbs=lambda _self, _name: None,
    )


def _state(table: HealthTable, targets: ClassicTargets, name: str) -> dict[str, str]:
    state, reason, description = _WORDS[table.of(targets, name)]
    return {"InstanceId": name, "State": state, "ReasonCode": reason, "Description": description}


def _attach(self: Any, group_name: str, load_balancer_names: list[str]) -> None:
    group = self.autoscaling_groups[group_name]
    new = [name for name in load_balancer_names if name not in group.load_balancer_names]
    group.load_balancer_names.extend(new)
    for member in group.instance_states:
        registered(member).difference_update(load_balancer_names)


def _detach(self: Any, group_name: str, load_balancer_names: list[str]) -> None:
    group = self.autoscaling_groups[group_name]
    group.load_balancer_names = [
        name for name in group.load_balancer_names if name not in load_balancer_names
    ]
    members = [member.instance_id for member in group.instance_states]
    for name in load_balancer_names:
        if name in self.elb_backend.load_balancers:
            self.elb_backend.deregister_instances(name, members, from_autoscaling=True)
