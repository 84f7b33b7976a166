"""DescribeTargetHealth answers what the balancer sees, where moto would say "healthy"."""

from __future__ import annotations

import enum
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from include.localcloud.api.patch import correct


class Health(enum.Enum):
    """A target's health in AWS's words: state, reason, description."""

    REGISTERING = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
    INITIAL = ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
    HEALTHY = ("healthy", None, None)
    UNHEALTHY = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
    DRAINING = (
        "draining",
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    )
    UNUSED = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
    STOPPED = ("unused", "Target.InvalidState", "Target is in the stopped state")


class HealthTable:
    """What the balancer last saw, by target group and instance; replaced as a whole."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Health] = {}

    def replace(self, seen: dict[tuple[str, str], Health]) -> None:
        """Publish a new look at everything."""
        self._seen = seen

    def of(self, group: Any, instance_id: str) -> Health:
        """Return the health of a target, or of what was one."""
        seen = self._seen.get((group.arn, instance_id))
        if instance_id not in group.targets:
            # The balancer drains what it still knows, whether or not it has heard of it yet.
            return Health.UNUSED if seen is None else Health.DRAINING
        instance = group.ec2_backend.get_instance_by_id(instance_id)
        if instance is None or instance.state != "running":
            return Health.STOPPED
        # Registered again while it drains: the balancer is about to begin anew.
        return Health.REGISTERING if seen in (None, Health.DRAINING) else seen

    def known(self, group: Any) -> list[str]:
        """Return the registered targets, and those that are draining."""
        leaving = [one for arn, one in self._seen if arn == group.arn and one not in group.targets]
        return [*group.targets, *leaving]


def correct_target_groups(table: HealthTable) -> None:
    """Have moto answer from the table, and let targets leave as easily as they do in AWS."""

    def describe_target_health(self: Any, target_group_arn: str, targets: Any) -> list[Any]:
        [group] = self.describe_target_groups(
            load_balancer_arn=None, target_group_arns=[target_group_arn], names=None
        )
        names = [one["Id"] for one in targets] if targets else table.known(group)
        return [_status(group, name, table.of(group, name)) for name in names]

    def deregister(self: Any, targets: Any) -> None:
        # AWS does not mind a target that has left already.
        for target in targets:
            self.targets.pop(target["Id"], None)

    def deregister_terminated(self: Any, instance_ids: list[str]) -> None:
        deregister(self, [{"Id": name} for name in instance_ids])

    correct(ELBv2Backend, describe_target_health=describe_target_health)
    correct(
        FakeTargetGroup,
        deregister=deregister,
        deregister_terminated_instances=deregister_terminated,
    )


def _status(group: Any, name: str, health: Health) -> Any:
    state, reason, description = health.value
    port = group.targets.get(name, {}).get("Port", group.port)
    return FakeHealthStatus(name, port, group.health_check_port, state, reason, description)
