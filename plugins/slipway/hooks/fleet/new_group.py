"""What a new server group is made from: the project file's word, and the live group's habits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.hooks.aws.lookup import security_group_ids, subnet_ids, tags_of
from slipway.hooks.fleet.group_extras import Client, notifications, suspended_by_people
from slipway.hooks.fleet.group_tags import asked_for, note
from slipway.hooks.fleet.inherited_machines import Successor, machine_tags, succeed
from slipway.hooks.fleet.launch_templates import find_images, readable, template_data
from slipway.hooks.fleet.lifecycle_hooks import lifecycle_hooks
from slipway.hooks.fleet.live_machines import live_machines
from slipway.hooks.fleet.scaling_rules import GRACE
from slipway.model.cloud.launch import Launch
from slipway.model.cloud.machine import architecture_of
from slipway.model.cloud.tags import PLACED, STANDBY, TAKING_OVER

# Settings of a live group that a successor gets as well, and the names that drop them. The kind of
# health check is not among them: while a release is on trial, the cloud must not replace machines
# that a gate looks at.
_HABITS: Mapping[str, str] = {
    "TerminationPolicies": "termination_policies",
    "DefaultCooldown": "cooldown",
    "DefaultInstanceWarmup": "warm_up",
    "MaxInstanceLifetime": "max_lifetime",
    "CapacityRebalance": "capacity_rebalance",
    "Context": "context",
    "NewInstancesProtectedFromScaleIn": "scale_in_protection",
    "PlacementGroup": "placement",
    "InstanceMaintenancePolicy": "maintenance_policy",
    "InstanceLifecyclePolicy": "lifecycle_policy",
    "AvailabilityZoneDistribution": "zones",
    "AvailabilityZoneImpairmentPolicy": "zones",
    "CapacityReservationSpecification": "capacity_reservation",
    "ServiceLinkedRoleARN": "service_role",
}
# The role that every account has, and that nobody needs a right to pass on.
_COMMON_ROLE = "/AWSServiceRoleForAutoScaling"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewGroup:
    """Everything that a server group is made with.

    :param group: the arguments that create it.
    :param template: the data of its launch template.
    :param live: the live group, as Auto Scaling describes it; nothing without one.
    :param machines: what the live group's machines are made from.
    :param new: its machines to be, as they were compared with those.
    """

    group: dict[str, Any]
    template: dict[str, Any]
    live: Mapping[str, Any] = field(default_factory=dict)
    machines: Mapping[str, Any] = field(default_factory=dict)
    new: Successor | None = None


def new_group(
    client: Client, launch: Launch, live: Mapping[str, Any] | None, *, baked: bool = True
) -> NewGroup:
    """Say what a server group is to be made with; nothing is changed.

    :param client: gives the boto3 client of a service by its name.
    :param launch: what is wanted.
    :param live: the live group as Auto Scaling describes it, if there is one.
    :param baked: otherwise the image need not be there yet.
    :raises EnvironmentMisconfigured: when the cloud lacks a subnet, a security group or the image.
    """
    ec2 = client("ec2")
    machines = live_machines(client, live) if live else {}
    old_id = str(machines.get("ImageId") or "")
    image, old_image = find_images(ec2, launch.image_id, old_id, baked=baked)
    data = template_data(launch, image, security_group_ids(ec2, launch.security_groups))
    group = _arguments(client, launch, live)
    mixed = "MixedInstancesPolicy" in group
    new = Successor(data=data, image=image, old_image=old_image, mixed=mixed, drop=launch.drop)
    if machines:
        data = succeed(new, machines)
    keys = [tag["Key"] for tag in group["Tags"] if tag["PropagateAtLaunch"]]
    own = machine_tags(data).get("instance", {})
    data["MetadataOptions"]["InstanceMetadataTags"] = readable([*keys, *own, STANDBY])
    return NewGroup(group=group, template=data, live=live or {}, machines=machines, new=new)


def _arguments(client: Client, launch: Launch, live: Mapping[str, Any] | None) -> dict[str, Any]:
    low, desired, high = launch.size
    placed = hashlib.sha256("\n".join(sorted(launch.subnets)).encode()).hexdigest()[:16]
    notes = {PLACED: placed, **_left_to_take_over(client, launch, live), **asked_for(launch.size)}
    inherited = _carried_tags(launch, live) | dict.fromkeys(launch.tags, True)
    tags = _values(live) | dict(launch.tags)
    hooks = lifecycle_hooks(client, live["AutoScalingGroupName"]) if live else []
    return {
        **_habits(launch, live),
        **({"LifecycleHookSpecificationList": hooks} if _has(hooks, "hooks", launch) else {}),
        **_machines(launch, live),
        "AutoScalingGroupName": launch.name,
        "MinSize": low,
        "DesiredCapacity": desired,
        "MaxSize": high,
        "VPCZoneIdentifier": _subnets(client, launch, live, placed),
        "HealthCheckType": "EC2",
        # EC2's own check needs no patience with the application's start.
        "HealthCheckGracePeriod": GRACE,
        "Tags": [
            *(note(launch.name, k, tags[k], inherited=far) for k, far in inherited.items()),
            *(note(launch.name, key, value) for key, value in notes.items()),
        ],
    }


def _has(value: Any, name: str, launch: Launch) -> bool:
    return bool(value) and name not in launch.drop


def _left_to_take_over(
    client: Client, launch: Launch, live: Mapping[str, Any] | None
) -> dict[str, str]:
    """Note from whom, if there is something that AWS takes only of a group that is there."""
    if not live:
        return {}
    name = str(live["AutoScalingGroupName"])
    some = _has(notifications(client, name), "notifications", launch)
    some = some or _has(suspended_by_people(live), "suspended_processes", launch)
    return {TAKING_OVER: name} if some else {}


def _machines(launch: Launch, live: Mapping[str, Any] | None) -> dict[str, Any]:
    """The launch template, alone or below the live group's mixed instances policy."""
    template = {"LaunchTemplateName": launch.name, "Version": "1"}
    policy = (live or {}).get("MixedInstancesPolicy")
    if not _has(policy, "mixed_instances", launch) or not policy:
        return {"LaunchTemplate": template}
    mixed: dict[str, Any] = {"LaunchTemplateSpecification": template}
    if types := [one for one in overrides(policy) if fits(one, launch.instance_type)]:
        mixed["Overrides"] = types
    wanted = {**policy, "LaunchTemplate": mixed}
    counted = (live or {}).get("DesiredCapacityType")
    return {
        "MixedInstancesPolicy": {key: one for key, one in wanted.items() if one},
        **({"DesiredCapacityType": counted} if counted else {}),
    }


def overrides(policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the kinds of machine that a mixed instances policy chooses from."""
    found: list[dict[str, Any]] = policy.get("LaunchTemplate", {}).get("Overrides") or []
    return [{key: value for key, value in one.items() if value} for one in found]


def fits(override: Mapping[str, Any], instance_type: str) -> bool:
    """Say whether the release's image runs on a kind of machine of a mixed instances policy.

    One with an image or a template of its own has not the release's.

    :param override: the policy's row for this kind of machine.
    :param instance_type: the project file's, whose architecture is the image's.
    """
    if "LaunchTemplateSpecification" in override or "ImageId" in override:
        return False
    kind = override.get("InstanceType")  # by requirements, it follows the image
    return kind is None or architecture_of(kind) is architecture_of(instance_type)


def _subnets(client: Client, launch: Launch, live: Mapping[str, Any] | None, placed: str) -> str:
    """The live group may have been moved by hand; a project file that changed since wins."""
    wanted = subnet_ids(client("ec2"), launch.subnets)
    if live and live.get("VPCZoneIdentifier") and tags_of(live).get(PLACED) == placed:
        return str(live["VPCZoneIdentifier"])
    return ",".join(wanted)


def _habits(launch: Launch, live: Mapping[str, Any] | None) -> dict[str, Any]:
    found = {
        key: live[key]
        for key, name in _HABITS.items()
        if live and live.get(key) and name not in launch.drop
    }
    if str(found.get("ServiceLinkedRoleARN", "")).endswith(_COMMON_ROLE):
        del found["ServiceLinkedRoleARN"]
    if found.get("AvailabilityZoneImpairmentPolicy", {}).get("ZonalShiftEnabled"):
        found["SkipZonalShiftValidation"] = True  # whatever the balancers are, they are the same
    return found


def _carried_tags(launch: Launch, live: Mapping[str, Any] | None) -> dict[str, bool]:
    """Which of the live group's tags go over, and whether its machines get them."""
    return {
        tag["Key"]: bool(tag.get("PropagateAtLaunch"))
        for tag in (live or {}).get("Tags", ())
        if tag["Key"] != "Name" and not tag["Key"].startswith(("slipway:", "aws:"))
        if "tags" not in launch.drop
    }


def _values(live: Mapping[str, Any] | None) -> dict[str, str]:
    return tags_of(live) if live else {}
