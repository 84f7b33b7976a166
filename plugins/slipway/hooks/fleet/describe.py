"""Makes server groups of what the cloud's calls describe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.aws.load_balancers import balancers_of
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.group_tags import number
from slipway.hooks.fleet.live_machines import template_of
from slipway.hooks.fleet.traffic_sources import sources_of
from slipway.model.cloud.tags import CARRIED, HELD, IMAGE, LIVE, SIZE, STANDBY, TAKING_OVER, VERSION
from slipway.model.fleet import Machine, ServerGroup

# How an activity of Auto Scaling can end.
_ENDED = frozenset({"Successful", "Failed"})


def launch_trouble(autoscaling: Any, group: str) -> str:
    """Return why Auto Scaling cannot launch a machine now, or nothing when it can."""
    try:
        answer = autoscaling.describe_scaling_activities(AutoScalingGroupName=group, MaxRecords=10)
    except ClientError:
        # Only ever asked to enrich a failure, which must not be lost for it.
        return ""
    # Newest first; what failed before the last success is over.
    ended = (one for one in answer["Activities"] if one["StatusCode"] in _ENDED)
    last = next(ended, {"StatusCode": ""})
    return str(last.get("StatusMessage", "")) if last["StatusCode"] == "Failed" else ""


def machine_ids(groups: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the instances of described groups."""
    return [machine["InstanceId"] for group in groups for machine in group["Instances"]]


def borrowed_templates(groups: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Name the launch templates that groups of another name launch from.

    Somebody copied such a group by hand, and the copy's next machine needs the template.

    :param groups: as Auto Scaling describes them; those on their way out do not count.
    """
    return frozenset(
        name
        for group in groups
        if "Status" not in group
        if (name := _template_of(group)) != group["AutoScalingGroupName"]
    )


def _template_of(group: Mapping[str, Any]) -> str:
    return str(template_of(group).get("LaunchTemplateName", ""))


def server_group(
    raw: Mapping[str, Any],
    *,
    key: str,
    health: Mapping[str, str],
    addresses: Mapping[str, str],
    rules: str = "",
) -> ServerGroup:
    """Put one group together.

    :param raw: as Auto Scaling describes it.
    :param key: of the environment's balancer.
    :param health: the balancer's word, by instance id.
    :param addresses: private addresses, by instance id.
    :param rules: fingerprint of its scaling rules, where somebody needs it.
    """
    tags = tags_of(raw)
    return ServerGroup(
        name=raw["AutoScalingGroupName"],
        version=tags.get(VERSION),
        image_id=tags.get(IMAGE),
        min_size=raw["MinSize"],
        desired=raw["DesiredCapacity"],
        max_size=raw["MaxSize"],
        attached=key in balancers_of(raw),
        suspended=frozenset(one["ProcessName"] for one in raw.get("SuspendedProcesses", ())),
        held=frozenset(tags.get(HELD, "").split()),
        live_since=number(tags.get(LIVE)),
        standby_until=number(tags.get(STANDBY)),
        deleting="Status" in raw,
        asked=number(tags.get(SIZE)),
        carried=tags.get(CARRIED, ""),
        rules=rules,
        created=raw["CreatedTime"].timestamp(),
        taking_over=tags.get(TAKING_OVER, ""),
        further=any(one.key != key for one in sources_of(raw)),
        machines=tuple(
            Machine(
                instance_id=one["InstanceId"],
                address=addresses.get(one["InstanceId"]),
                lifecycle=one["LifecycleState"],
                target_health=health.get(one["InstanceId"]),
                weight=number(one.get("WeightedCapacity")) or 1,
            )
            for one in raw["Instances"]
        ),
    )
