"""What AWS takes only of a group that is there: notifications, suspended processes, a warm pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.group_tags import note
from slipway.model.cloud.tags import HELD

# Asked for by service name; the one for changes asks first whether it is still our turn.
Client = Callable[[str], Any]
# Without these a group launches nothing, removes nothing or serves nobody.
VITAL = frozenset({"Launch", "Terminate", "AddToLoadBalancer"})
_POOL = ("MaxGroupPreparedCapacity", "MinSize", "PoolState", "InstanceReusePolicy")


def notifications(client: Client, group: str) -> dict[str, list[str]]:
    """Return the kinds of notification that a group sends, by topic."""
    pages = client("autoscaling").get_paginator("describe_notification_configurations")
    found: dict[str, list[str]] = {}
    for page in pages.paginate(AutoScalingGroupNames=[group]):
        for one in page["NotificationConfigurations"]:
            if one["AutoScalingGroupName"] == group:
                found.setdefault(one["TopicARN"], []).append(one["NotificationType"])
    return {topic: sorted(kinds) for topic, kinds in sorted(found.items())}


def suspended_by_people(group: Mapping[str, Any]) -> list[str]:
    """Return the processes of a described group that are suspended, and not by Slipway."""
    held = tags_of(group).get(HELD, "").split()
    every = {one["ProcessName"] for one in group.get("SuspendedProcesses") or ()}
    return sorted(every.difference(held))


def warm_pool(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return a described group's warm pool, as PutWarmPool takes it, or nothing."""
    pool = group.get("WarmPoolConfiguration") or {}
    if pool.get("Status") == "PendingDelete":
        return {}
    return {key: pool[key] for key in _POOL if pool.get(key) not in (None, "", {})}


def take_over(
    client: Client,
    change: Client,
    *,
    source: Mapping[str, Any],
    group: Mapping[str, Any],
    drop: frozenset[str],
) -> None:
    """Give a new group what it can have before its machines are looked at.

    :param client: for reading.
    :param change: for writing.
    :param source: the live group, as Auto Scaling describes it.
    :param group: the new group, the same way.
    :param drop: what it is not to have.
    """
    if "notifications" not in drop:
        sent = notifications(client, source["AutoScalingGroupName"])
        put_notifications(change, group["AutoScalingGroupName"], sent)
    if "suspended_processes" not in drop:
        suspend(change, group, [one for one in suspended_by_people(source) if one not in VITAL])


def put_notifications(change: Client, group: str, wanted: Mapping[str, list[str]]) -> None:
    """Let a group send notifications."""
    for topic, kinds in wanted.items():
        change("autoscaling").put_notification_configuration(
            AutoScalingGroupName=group, TopicARN=topic, NotificationTypes=kinds
        )


def put_warm_pool(change: Client, group: str, wanted: Mapping[str, Any]) -> None:
    """Give a group a warm pool."""
    if wanted:
        change("autoscaling").put_warm_pool(AutoScalingGroupName=group, **wanted)


def suspend(change: Client, group: Mapping[str, Any], processes: list[str]) -> None:
    """Suspend a group's processes for good: those that Slipway holds are not resumed either.

    :param change: a boto3 client, which asks whose turn it is.
    :param group: as Auto Scaling describes it.
    :param processes: none means none; Auto Scaling would take it for all.
    """
    if not processes:
        return
    name = group["AutoScalingGroupName"]
    change("autoscaling").suspend_processes(AutoScalingGroupName=name, ScalingProcesses=processes)
    held = set(tags_of(group).get(HELD, "").split())
    if not held.intersection(processes):
        return
    if rest := sorted(held.difference(processes)):
        change("autoscaling").create_or_update_tags(Tags=[note(name, HELD, " ".join(rest))])
    else:
        change("autoscaling").delete_tags(Tags=[note(name, HELD)])
