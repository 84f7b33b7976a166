"""What people and tools gave a live server group, and its successor must have as well.

Scaling policies with their alarms, scheduled actions, lifecycle hooks, group metrics, the kind of
health check, notifications, suspended processes and the warm pool. Every copy overwrites, so that
it may be made twice.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.fleet.group_extras import (
    Client,
    notifications,
    put_notifications,
    put_warm_pool,
    suspend,
    suspended_by_people,
    warm_pool,
)
from slipway.hooks.fleet.lifecycle_hooks import lifecycle_hooks
from slipway.hooks.fleet.missing_group import is_gone

# Seconds: the grace period of a group that Slipway made, and of one that nobody gave any.
GRACE, _NO_GRACE = 60, 0
_POLICY = (
    "PolicyName",
    "PolicyType",
    "AdjustmentType",
    "MinAdjustmentStep",
    "MinAdjustmentMagnitude",
    "ScalingAdjustment",
    "Cooldown",
    "MetricAggregationType",
    "StepAdjustments",
    "EstimatedInstanceWarmup",
    "TargetTrackingConfiguration",
    "Enabled",
    "PredictiveScalingConfiguration",
)
_SCHEDULE = (
    "ScheduledActionName",
    "Recurrence",
    "TimeZone",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "EndTime",
)
_ALARM = (
    "AlarmDescription",
    "ActionsEnabled",
    "OKActions",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
    "EvaluationWindow",
    "WarmUpConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "ActionConfiguration",
)


def fingerprint(client: Client, group: Mapping[str, Any]) -> str:
    """Return a few characters that change whenever a group's rules do; none for no rules.

    :param client: gives the boto3 client of a service by its name.
    :param group: as Auto Scaling describes it.
    """
    rules = found_rules(client, group)
    if not any(rules.values()):
        return ""
    nameless = _renamed(rules, group["AutoScalingGroupName"], "")
    text = json.dumps(nameless, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def copy_rules(
    client: Client,
    change: Client,
    *,
    source: Mapping[str, Any],
    group: Mapping[str, Any],
    drop: frozenset[str] = frozenset(),
) -> None:
    """Give a group the rules of another.

    :param client: for reading.
    :param change: for writing.
    :param source: the other group, as Auto Scaling describes it.
    :param group: the group, the same way.
    :param drop: kinds of rules that it is not to have.
    """
    old, new = source["AutoScalingGroupName"], group["AutoScalingGroupName"]
    rules = _renamed(found_rules(client, source), old, new)
    rules = {kind: type(rule)() if kind in drop else rule for kind, rule in rules.items()}
    for hook in rules["hooks"]:
        change("autoscaling").put_lifecycle_hook(AutoScalingGroupName=new, **hook)
    for schedule in rules["schedules"]:
        change("autoscaling").put_scheduled_update_group_action(
            AutoScalingGroupName=new, **schedule
        )
    _put_policies(client, change, rules["policies"], (old, new))
    for granularity, metrics in rules["metrics"].items():
        change("autoscaling").enable_metrics_collection(
            AutoScalingGroupName=new, Metrics=metrics, Granularity=granularity
        )
    if rules["health_check"]:
        change("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=new, **rules["health_check"]
        )
    put_notifications(change, new, rules["notifications"])
    put_warm_pool(change, new, rules["warm_pool"])
    suspend(change, group, rules["suspended_processes"])


def _put_policies(
    client: Client, change: Client, policies: list[dict[str, Any]], names: tuple[str, str]
) -> None:
    """Make scaling policies, and then the alarms that set them off: one may do so for several."""
    old, new = names
    ringing: dict[str, list[str]] = {}
    for policy in policies:
        for alarm in policy.pop("Alarms", []):
            ringing.setdefault(alarm, []).append(policy["PolicyName"])
        change("autoscaling").put_scaling_policy(AutoScalingGroupName=new, **policy)
    for alarm in _described(client, sorted(ringing)):
        arns = [_arn(client, new, policy) for policy in ringing[alarm["AlarmName"]]]
        _copy_alarm(change, alarm, (old, new), arns)


def own_alarms(client: Client, group: str) -> list[str]:
    """List the alarms that were made for a group here, and so go with it."""
    try:
        policies = policies_of(client, group)
    except ClientError as error:
        if not is_gone(error):
            raise
        policies = []
    alarms = (name for policy in policies for name in policy.get("Alarms", ()))
    return sorted({name for name in alarms if name.startswith(f"{group}/")})


def found_rules(client: Client, group: Mapping[str, Any]) -> dict[str, Any]:
    """Read a group's rules, by the names of :mod:`slipway.hooks.fleet.inheritance.table`.

    :param client: gives the boto3 client of a service by its name.
    :param group: as Auto Scaling describes it.
    """
    name = group["AutoScalingGroupName"]
    metrics: dict[str, list[str]] = {}
    for one in group.get("EnabledMetrics") or ():
        metrics.setdefault(one["Granularity"], []).append(one["Metric"])
    return {
        "hooks": lifecycle_hooks(client, name),
        "schedules": schedules_of(client, name),
        "policies": policies_of(client, name),
        "metrics": {granularity: sorted(names) for granularity, names in metrics.items()},
        "health_check": _health_check(group),
        "notifications": notifications(client, name),
        "suspended_processes": suspended_by_people(group),
        "warm_pool": warm_pool(group),
    }


def _health_check(group: Mapping[str, Any]) -> dict[str, Any]:
    # A group that Slipway made has EC2's own check, until there is another to take over.
    fields = ("HealthCheckType", "HealthCheckGracePeriod")
    if group.get("HealthCheckType", "EC2") != "EC2":
        return _only(group, fields)
    patient = group.get("HealthCheckGracePeriod") not in (None, _NO_GRACE, GRACE)
    return _only(group, fields[1:]) if patient else {}


def policies_of(client: Client, group: str) -> list[dict[str, Any]]:
    """Read a group's scaling policies, as they are put.

    :param client: gives the boto3 client of a service by its name.
    :param group: its name.
    """
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


def schedules_of(client: Client, group: str) -> list[dict[str, Any]]:
    """Read a group's scheduled actions, as they are put.

    :param client: gives the boto3 client of a service by its name.
    :param group: its name.
    """
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


def _copy_alarm(
    change: Client, alarm: dict[str, Any], names: tuple[str, str], policies: list[str]
) -> None:
    old, new = names
    name = f"{new}/{alarm['AlarmName'].removeprefix(f'{old}/')}"
    # What else it does when it rings, such as to tell a topic; not to scale the old group.
    others = [one for one in alarm.get("AlarmActions") or () if ":scalingPolicy:" not in one]
    change("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmActions=[*policies, *others],
        **_renamed(_only(alarm, _ALARM), old, new),
    )


def _only(raw: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    # Nothing, in whatever form, is how an emulator says that there is no such field.
    return {key: raw[key] for key in fields if raw.get(key) not in (None, "", [], {})}


def _renamed(value: Any, old: str, new: str) -> Any:
    """Point what names its own group, as the dimension of a metric does, at another one."""
    if isinstance(value, dict):
        return {
            key: _in_expression(one, old, new) if key == "Expression" else _renamed(one, old, new)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_renamed(one, old, new) for one in value]
    return new if value == old else value


def _in_expression(value: str, old: str, new: str) -> str:
    """A metric's expression may search by the group's name."""
    whole = rf"(?<![\w.+-]){re.escape(old)}(?![\w.+-])"
    return re.sub(whole, lambda _: new, value)
