"""What people and tools gave a live server group, and its successor must have as well.

Scaling policies with their alarms, scheduled actions, lifecycle hooks, group metrics and the kind
of health check. Every copy overwrites, so that it may be made twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.fleet.missing_group import is_gone

# Asked for by service name; the one for changes asks first whether it is still our turn.
Client = Callable[[str], Any]
_POLICY = (
    "PolicyName", "PolicyType", "AdjustmentType", "MinAdjustmentStep", "MinAdjustmentMagnitude",
    "ScalingAdjustment", "Cooldown", "MetricAggregationType", "StepAdjustments",
    "EstimatedInstanceWarmup", "TargetTrackingConfiguration", "Enabled",
    "PredictiveScalingConfiguration",
)  # fmt: skip
_SCHEDULE = (
    "ScheduledActionName", "Recurrence", "TimeZone", "MinSize", "MaxSize", "DesiredCapacity",
    "EndTime",
)  # fmt: skip
_HOOK = (
    "LifecycleHookName", "LifecycleTransition", "NotificationTargetARN", "RoleARN",
    "NotificationMetadata", "HeartbeatTimeout", "DefaultResult",
)  # fmt: skip
_ALARM = (
    "AlarmDescription", "ActionsEnabled", "OKActions", "InsufficientDataActions", "MetricName",
    "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit",
    "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator",
    "TreatMissingData", "EvaluateLowSampleCountPercentile", "Metrics", "ThresholdMetricId",
)  # fmt: skip


def fingerprint(client: Client, group: Mapping[str, Any]) -> str:
    """Return a few characters that change whenever a group's rules do; none for no rules.

    :param group: as Auto Scaling describes it.
    """
    rules = _rules(client, group)
    if not any(rules.values()):
        return ""
    nameless = _renamed(rules, group["AutoScalingGroupName"], "")
    text = json.dumps(nameless, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lifecycle_hooks(client: Client, group: str) -> list[dict[str, Any]]:
    """List a group's lifecycle hooks, as a new group takes them."""
    answer = client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=group)
    hooks = (_only(one, _HOOK) for one in answer["LifecycleHooks"])
    return sorted(hooks, key=lambda hook: str(hook["LifecycleHookName"]))


def copy_rules(client: Client, change: Client, *, source: Mapping[str, Any], group: str) -> None:
    """Give a group the rules of another.

    :param client: for reading.
    :param change: for writing.
    :param source: the other group, as Auto Scaling describes it.
    """
    name = source["AutoScalingGroupName"]
    rules = _renamed(_rules(client, source), name, group)
    for hook in rules["hooks"]:
        change("autoscaling").put_lifecycle_hook(AutoScalingGroupName=group, **hook)
    for schedule in rules["schedules"]:
        change("autoscaling").put_scheduled_update_group_action(
            AutoScalingGroupName=group, **schedule
        )
    for policy in rules["policies"]:
        alarms = policy.pop("Alarms", [])
        change("autoscaling").put_scaling_policy(AutoScalingGroupName=group, **policy)
        for alarm in _described(client, alarms):
            arn = _arn(client, group, policy["PolicyName"])
            _copy_alarm(change, alarm, (name, group), arn)
    for granularity, metrics in rules["metrics"].items():
        change("autoscaling").enable_metrics_collection(
            AutoScalingGroupName=group, Metrics=metrics, Granularity=granularity
        )
    if rules["health"]:
        change("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=group, **rules["health"]
        )


def own_alarms(client: Client, group: str) -> list[str]:
    """List the alarms that were made for a group here, and so go with it."""
    try:
        policies = _policies(client, group)
    except ClientError as error:
        if not is_gone(error):
            raise
        policies = []
    alarms = (name for policy in policies for name in policy.get("Alarms", ()))
    return sorted({name for name in alarms if name.startswith(f"{group}/")})


def _rules(client: Client, group: Mapping[str, Any]) -> dict[str, Any]:
    name = group["AutoScalingGroupName"]
    metrics: dict[str, list[str]] = {}
    for one in group.get("EnabledMetrics") or ():
        metrics.setdefault(one["Granularity"], []).append(one["Metric"])
    # A group that Slipway made has EC2's own check, until there is another to take over.
    watched = group.get("HealthCheckType", "EC2") != "EC2"
    return {
        "hooks": lifecycle_hooks(client, name),
        "schedules": _schedules(client, name),
        "policies": _policies(client, name),
        "metrics": {granularity: sorted(names) for granularity, names in metrics.items()},
        "health": _only(group, ("HealthCheckType", "HealthCheckGracePeriod")) if watched else {},
    }


def _policies(client: Client, group: str) -> list[dict[str, Any]]:
    pages = client("autoscaling").get_paginator("describe_policies")
    found = [
        one
        for page in pages.paginate(AutoScalingGroupName=group)
        for one in page["ScalingPolicies"]
    ]
    return sorted((_policy(one) for one in found), key=lambda policy: policy["PolicyName"])


def _policy(raw: Mapping[str, Any]) -> dict[str, Any]:
    policy = _only(raw, _POLICY)
    # The alarms of target tracking are the cloud's own, and come with the policy.
    if policy.get("PolicyType") in ("StepScaling", "SimpleScaling"):
        policy["Alarms"] = sorted(one["AlarmName"] for one in raw.get("Alarms") or ())
    return policy


def _schedules(client: Client, group: str) -> list[dict[str, Any]]:
    pages = client("autoscaling").get_paginator("describe_scheduled_actions")
    found = [
        one
        for page in pages.paginate(AutoScalingGroupName=group)
        for one in page["ScheduledUpdateGroupActions"]
    ]
    return sorted((_schedule(one) for one in found), key=lambda s: s["ScheduledActionName"])


def _schedule(raw: Mapping[str, Any]) -> dict[str, Any]:
    # The start of a recurring action is its next time, which moves on by itself.
    fields = _SCHEDULE if raw.get("Recurrence") else (*_SCHEDULE, "StartTime")
    return _only(raw, fields)


def _described(client: Client, alarms: list[str]) -> list[dict[str, Any]]:
    if not alarms:
        return []
    found: list[dict[str, Any]] = client("cloudwatch").describe_alarms(AlarmNames=alarms)[
        "MetricAlarms"
    ]
    return found


def _arn(client: Client, group: str, policy: str) -> str:
    answer = client("autoscaling").describe_policies(
        AutoScalingGroupName=group, PolicyNames=[policy]
    )
    return str(answer["ScalingPolicies"][0]["PolicyARN"])


def _copy_alarm(change: Client, alarm: dict[str, Any], names: tuple[str, str], policy: str) -> None:
    old, new = names
    name = f"{new}/{alarm['AlarmName'].removeprefix(f'{old}/')}"
    change("cloudwatch").put_metric_alarm(
        AlarmName=name, AlarmActions=[policy], **_renamed(_only(alarm, _ALARM), old, new)
    )


def _only(raw: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    # Nothing, in whatever form, is how an emulator says that there is no such field.
    return {key: raw[key] for key in fields if raw.get(key) not in (None, "", [], {})}


def _renamed(value: Any, old: str, new: str) -> Any:
    """Point what names its own group, as the dimension of a metric does, at another one."""
    if isinstance(value, dict):
        return {key: _renamed(one, old, new) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, old, new) for one in value]
    return new if value == old else value
