"""A server group's lifecycle hooks: those that pass on, and those that a service manages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[[str], Any]
HOOK = (
    "LifecycleHookName",
    "LifecycleTransition",
    "NotificationTargetARN",
    "RoleARN",
    "NotificationMetadata",
    "HeartbeatTimeout",
    "DefaultResult",
)
# CodeDeploy's, for each group of a deployment group; ECS', for each of a capacity provider.
_MANAGED = ("CodeDeploy-managed-", "ecs-managed-")


def lifecycle_hooks(client: Client, group: str) -> list[dict[str, Any]]:
    """List a group's lifecycle hooks, as a new group takes them."""
    return [one for one in _hooks(client, group) if not _is_managed(one)]


def managed_hooks(client: Client, group: str) -> list[str]:
    """Name the hooks of a service that knows this group alone: a new one's machines would wait."""
    return [str(one["LifecycleHookName"]) for one in _hooks(client, group) if _is_managed(one)]


def _hooks(client: Client, group: str) -> list[dict[str, Any]]:
    answer = client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=group)
    hooks = ({key: one[key] for key in HOOK if one.get(key)} for one in answer["LifecycleHooks"])
    return sorted(hooks, key=lambda hook: str(hook["LifecycleHookName"]))


def _is_managed(hook: Mapping[str, Any]) -> bool:
    return str(hook["LifecycleHookName"]).startswith(_MANAGED)
