"""Auto scaling groups as AWS runs them, where moto's launch and forget in one breath.

moto counts only instances in service and makes them so at once, accepts a second group of the
same name, and deletes a group whose instances still run.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    TerminateInstanceActivity,
)
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from include.localcloud.api.patch import correct

PENDING, IN_SERVICE, TERMINATING = "Pending", "InService", "Terminating"
DELETING = "Delete in progress"
_MOST_GROUPS = 500


class GroupExists(AutoscalingClientError):
    """A group of that name exists, be it on its way out."""

    code = "AlreadyExistsFault"


class GroupInUse(AutoscalingClientError):
    """The group has instances, and nobody said ``ForceDelete``."""

    code = "ResourceInUseFault"


def correct_groups() -> None:
    """Replace the parts of moto's groups that differ from AWS."""
    _wrap_create()
    # moto does not know this call at all.
    setattr(AutoScalingResponse, "describe_account_limits", _limits)  # noqa: B010
    # moto knows no group on its way out.
    setattr(FakeAutoScalingGroup, "status", None)  # noqa: B010 - moto's class has no such member
    correct(
        FakeAutoScalingGroup, active_instances=in_use, set_desired_capacity=_set_desired_capacity
    )
    correct(AutoScalingResponse, delete_auto_scaling_group=_delete)
    correct(
        AutoScalingBackend,
        notify_terminate_instances=_notify_terminated,
        terminate_instance=_terminate,
        attach_load_balancer_target_groups=_attach,
        # The reconciler registers an instance once it runs; moto would do it before.
        update_attached_target_groups=lambda _self, _name: None,
    )


def _limits(response: Any) -> Any:
    """Answer with AWS's usual limits, and what there is."""
    backend = response.autoscaling_backend
    return ActionResult(
        {
            "MaxNumberOfAutoScalingGroups": _MOST_GROUPS,
            "MaxNumberOfLaunchConfigurations": _MOST_GROUPS,
            "NumberOfAutoScalingGroups": len(backend.autoscaling_groups),
            "NumberOfLaunchConfigurations": len(backend.launch_configurations),
        }
    )


def in_use(group: Any) -> list[Any]:
    """Return the members that count towards the desired capacity."""
    return [one for one in group.instance_states if one.lifecycle_state in (PENDING, IN_SERVICE)]


def suspended(group: Any, *processes: str) -> bool:
    """Say whether any of these processes is suspended."""
    return not set(processes).isdisjoint(group._suspended_processes)


def level(group: Any) -> None:
    """Launch what the group lacks, retire what it has too much of."""
    members = in_use(group)
    lacking = (group.desired_capacity or 0) - len(members)
    if lacking > 0 and group.status != DELETING and not suspended(group, "Launch"):
        before = len(group.instance_states)
        group.replace_autoscaling_group_instances(lacking, group.get_propagated_tags())
        for member in group.instance_states[before:]:
            member.lifecycle_state = PENDING
    elif lacking < 0 and not suspended(group, "Terminate"):
        free = [one for one in members if not one.protected_from_scale_in]
        for member in free[:-lacking]:
            retire(group, member)


def retire(group: Any, member: Any) -> None:
    """Take a member off its balancers; it is terminated when it has drained."""
    member.lifecycle_state = TERMINATING
    leave(group.autoscaling_backend, member.instance_id)


def leave(autoscaling: Any, instance_id: str) -> None:
    """Deregister an instance everywhere."""
    for target_group in autoscaling.elbv2_backend.target_groups.values():
        target_group.deregister([{"Id": instance_id}])
    for name in autoscaling.elb_backend.load_balancers:
        for scaled in (True, False):
            autoscaling.elb_backend.deregister_instances(name, [instance_id], scaled)


def registered(member: Any) -> set[str]:
    """Return the target groups and classic balancers to which the group once brought a member."""
    balancers: set[str] = member.__dict__.setdefault("brought_to", set())
    return balancers


def _wrap_create() -> None:
    create = AutoScalingBackend.create_auto_scaling_group

    def create_auto_scaling_group(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        if name in self.autoscaling_groups:
            msg = f"AutoScalingGroup by this name already exists - {name}"
            raise GroupExists(msg)
        return create(self, name, *args, **kwargs)

    correct(AutoScalingBackend, create_auto_scaling_group=create_auto_scaling_group)


def _set_desired_capacity(self: Any, new_capacity: int | None) -> None:
    self.desired_capacity = self.min_size if new_capacity is None else new_capacity
    level(self)


def _delete(self: Any) -> Any:
    name = self._get_param("AutoScalingGroupName")
    group = self.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        msg = f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
        raise ValidationError(msg)
    if group.instance_states and not self._get_bool_param("ForceDelete"):
        msg = "You cannot delete an AutoScalingGroup while there are instances still in the group."
        raise GroupInUse(msg)
    group.status = DELETING
    group.desired_capacity = group.min_size = 0
    for member in in_use(group):
        retire(group, member)
    if not group.instance_states:
        del self.autoscaling_backend.autoscaling_groups[name]
    return EmptyResult()


def _notify_terminated(self: Any, instance_ids: list[str]) -> None:
    for group in self.autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance_id in instance_ids:
                member.lifecycle_state, member.health_status = TERMINATING, "Unhealthy"
        level(group)


def _terminate(self: Any, instance_id: str, should_decrement: bool) -> Any:
    for group in self.autoscaling_groups.values():
        for member in in_use(group):
            if member.instance_id == instance_id:
                size = group.desired_capacity
                group.desired_capacity -= int(should_decrement)
                retire(group, member)
                level(group)
                return TerminateInstanceActivity(member.instance, size)
    msg = f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
    raise ValidationError(msg)


def _attach(self: Any, group_name: str, target_group_arns: list[str]) -> None:
    group = self.autoscaling_groups[group_name]
    group.append_target_groups(target_group_arns)
    for member in group.instance_states:
        registered(member).difference_update(target_group_arns)
