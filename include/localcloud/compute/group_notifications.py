"""Notifications of server groups, which moto does not know: they are kept, and sent to nobody."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

# On a group: the kinds of notification by topic.
_KEPT = "_notifications"


def keep_notifications() -> None:
    """Have moto answer the two calls."""
    for call in (_put, _describe):
        name = f"{call.__name__.strip('_')}_notification_configuration"
        setattr(AutoScalingResponse, name + ("s" if call is _describe else ""), call)


def _put(self: Any) -> Any:
    group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
    kept: dict[str, list[str]] = getattr(group, _KEPT, {})
    kinds = list(self._get_param("NotificationTypes", []))
    setattr(group, _KEPT, {**kept, self._get_param("TopicARN"): kinds})
    return EmptyResult()


def _describe(self: Any) -> Any:
    groups = self.autoscaling_backend.autoscaling_groups
    asked = self._get_param("AutoScalingGroupNames", []) or list(groups)
    found = [
        {"AutoScalingGroupName": name, "TopicARN": topic, "NotificationType": kind}
        for name in asked
        if name in groups
        for topic, kinds in getattr(groups[name], _KEPT, {}).items()
        for kind in kinds
    ]
    return ActionResult({"NotificationConfigurations": found})
