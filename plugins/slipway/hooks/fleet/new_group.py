"""What a new server group is created with: the project file's word, and the live group's habits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from slipway.hooks.aws.lookup import subnet_ids, tags_of
from slipway.hooks.fleet.group_tags import PLACED, SIZE, note
from slipway.hooks.fleet.launch_templates import Launch
from slipway.hooks.fleet.scaling_rules import Client, lifecycle_hooks

# Settings of a live group that a successor gets as well. The kind of health check is not among
# them: while a release is on trial, the cloud must not replace machines that a gate looks at.
_HABITS = (
    "TerminationPolicies", "DefaultCooldown", "DefaultInstanceWarmup", "MaxInstanceLifetime",
    "CapacityRebalance", "NewInstancesProtectedFromScaleIn",
)  # fmt: skip
# Seconds; EC2's own check needs no patience with the application's start.
_GRACE = 60


def new_group(client: Client, launch: Launch, live: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments that create a server group.

    :param client: gives the boto3 client of a service by its name.
    :param launch: what is wanted.
    :param live: the live group as Auto Scaling describes it, if there is one.
    :raises EnvironmentMisconfigured: when the cloud does not have a subnet.
    """
    low, desired, high = launch.size
    placed = hashlib.sha256("\n".join(sorted(launch.subnets)).encode()).hexdigest()[:16]
    notes = {SIZE: str(desired), PLACED: placed}
    inherited = _carried_tags(live) | dict.fromkeys(launch.tags, True)
    tags = _values(live) | dict(launch.tags)
    hooks = lifecycle_hooks(client, live["AutoScalingGroupName"]) if live else []
    return {
        **_habits(live),
        **({"LifecycleHookSpecificationList": hooks} if hooks else {}),
        "AutoScalingGroupName": launch.name,
        "MinSize": low,
        "DesiredCapacity": desired,
        "MaxSize": high,
        "LaunchTemplate": {"LaunchTemplateName": launch.name, "Version": "1"},
        "VPCZoneIdentifier": _subnets(client, launch, live, placed),
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": _GRACE,
        "Tags": [
            *(note(launch.name, k, tags[k], inherited=far) for k, far in inherited.items()),
            *(note(launch.name, key, value) for key, value in notes.items()),
        ],
    }


def _subnets(client: Client, launch: Launch, live: Mapping[str, Any] | None, placed: str) -> str:
    """The live group may have been moved by hand; a project file that changed since wins."""
    wanted = subnet_ids(client("ec2"), launch.subnets)
    if live and live.get("VPCZoneIdentifier") and tags_of(live).get(PLACED) == placed:
        return str(live["VPCZoneIdentifier"])
    return ",".join(wanted)


def _habits(live: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: live[key] for key in _HABITS if live.get(key)} if live else {}


def _carried_tags(live: Mapping[str, Any] | None) -> dict[str, bool]:
    """Which of the live group's tags go over, and whether its machines get them."""
    return {
        tag["Key"]: bool(tag.get("PropagateAtLaunch"))
        for tag in (live or {}).get("Tags", ())
        if tag["Key"] != "Name" and not tag["Key"].startswith(("slipway:", "aws:"))
    }


def _values(live: Mapping[str, Any] | None) -> dict[str, str]:
    return tags_of(live) if live else {}
