"""Carries auto scaling groups from what they are to what they should be."""

from __future__ import annotations

import logging
import time
from typing import Any

from include.localcloud.api.target_health import Health, HealthTable
from include.localcloud.balancer.classic_health import classic_targets
from include.localcloud.compute.group_rules import (
    DELETING,
    IN_SERVICE,
    PENDING,
    TERMINATING,
    leave,
    level,
    registered,
    retire,
    suspended,
)
from include.localcloud.compute.instance_life import Life, life
from include.localcloud.state import CloudState

log = logging.getLogger(__name__)

_GONE = (Life.SHUTTING_DOWN, Life.TERMINATED)


class Scaling:
    """The reconciler's part for auto scaling groups. Called from one thread.

    :param state: what moto knows.
    :param table: the targets' health, for draining and for health checks of type ``ELB``.
    """

    def __init__(self, *, state: CloudState, table: HealthTable) -> None:
        self._state = state
        self._table = table
        self._in_service_since: dict[str, float] = {}

    def reconcile(self) -> None:
        """Look once at every group and do what is needed."""
        with self._state.lock:
            for instance in self._state.instances():
                if life(instance) in _GONE:
                    leave(self._state.autoscaling, instance.id)
            for group in list(self._state.autoscaling.autoscaling_groups.values()):
                self._carry_on(group)

    def _carry_on(self, group: Any) -> None:
        for member in list(group.instance_states):
            if member.lifecycle_state == PENDING and life(member.instance) is Life.RUNNING:
                member.lifecycle_state = IN_SERVICE
                self._in_service_since[member.instance_id] = time.monotonic()
            if member.lifecycle_state == IN_SERVICE:
                self._bring(group, member)
            if member.lifecycle_state in (PENDING, IN_SERVICE):
                self._look_after(group, member)
            if member.lifecycle_state == TERMINATING:
                self._see_off(group, member)
        level(group)
        if group.status == DELETING and not group.instance_states:
            del self._state.autoscaling.autoscaling_groups[group.name]

    def _bring(self, group: Any, member: Any) -> None:
        """Register a member with the group's balancers, once."""
        if suspended(group, "AddToLoadBalancer") or life(member.instance) is not Life.RUNNING:
            return
        for arn in group.target_group_arns:
            target_group = self._state.elbv2.target_groups.get(arn)
            if target_group is not None and arn not in registered(member):
                target_group.register([{"Id": member.instance_id}])
                registered(member).add(arn)
        for name in group.load_balancer_names:
            if name in self._state.elb.load_balancers and name not in registered(member):
                self._state.elb.register_instances(name, [member.instance_id], True)
                registered(member).add(name)

    def _look_after(self, group: Any, member: Any) -> None:
        """Retire a member that is ill, unless the group has been told not to."""
        if self._ill(group, member):
            member.health_status = "Unhealthy"
        if member.health_status == "Healthy" or suspended(group, "HealthCheck", "ReplaceUnhealthy"):
            return
        if not suspended(group, "Terminate"):
            log.warning("%s: %s is unhealthy and will be replaced", group.name, member.instance_id)
            retire(group, member)

    def _ill(self, group: Any, member: Any) -> bool:
        if member.lifecycle_state == PENDING:
            return life(member.instance) in _GONE
        if life(member.instance) is not Life.RUNNING:
            return True
        since = self._in_service_since.get(member.instance_id, 0.0)
        if group.health_check_type != "ELB":
            return False
        if time.monotonic() - since < (group.health_check_grace_period or 0):
            return False
        return Health.UNHEALTHY in self._healths(member)

    def _see_off(self, group: Any, member: Any) -> None:
        """Terminate a member that has drained, and forget one that is terminated."""
        if Health.DRAINING in self._healths(member) and life(member.instance) is Life.RUNNING:
            return
        if life(member.instance) is Life.TERMINATED:
            group.instance_states.remove(member)
            self._in_service_since.pop(member.instance_id, None)
        else:
            member.instance.terminate()

    def _healths(self, member: Any) -> set[Health]:
        groups = self._state.elbv2.target_groups.values()
        classic = classic_targets(self._state.elb)
        return {self._table.of(group, member.instance_id) for group in (*groups, *classic)}
