"""A close look at one server group: all that shows whether somebody changed it by hand.

It takes three calls, one or two more where the numbers of machines differ from what Slipway asked
for, and one where the group launches from another template; so it is for plans and housekeeping,
and not for those who look once a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.group_extras import Client, suspended_by_people
from slipway.hooks.fleet.group_tags import number
from slipway.hooks.fleet.inheritance.words import short
from slipway.hooks.fleet.live_machines import (
    live_machines,
    of_template,
    security_groups,
    template_of,
)
from slipway.hooks.fleet.scaling_rules import policies_of, schedules_of
from slipway.hooks.fleet.traffic_sources import sources_of
from slipway.model.cloud.group_seen import GroupSeen, Left, MachineSeen, words_of
from slipway.model.cloud.tags import (
    BOUNDS,
    ENVIRONMENT,
    IMAGE,
    LEFT,
    LIVE,
    PROJECT,
    SHA,
    SIZE,
    VERSION,
)

_TAGS = (PROJECT, ENVIRONMENT, VERSION, SHA, IMAGE)
# What people call the parts of a launch template; the others are called as AWS does.
_NAMES: Mapping[str, str] = {
    "ImageId": "image",
    "InstanceType": "instance type",
    "KeyName": "key pair",
    "IamInstanceProfile": "instance profile",
    "UserData": "user data",
    "BlockDeviceMappings": "volumes",
}
# Told by themselves.
_APART = frozenset({"SecurityGroups", "SecurityGroupIds", "TagSpecifications"})
# By it a forecast raises the most that a group may have, for good.
_RAISES = "IncreaseMaxCapacity"
# EC2 takes this many values in one filter.
_FILTER_VALUES = 200


def left(group: Mapping[str, Any], key: str) -> Left:
    """Say what is on a described group besides Slipway's own.

    :param group: as Auto Scaling describes it.
    :param key: of the environment's own balancer.
    """
    further = (one.name for one in sources_of(group) if one.key != key)
    return Left(suspended=frozenset(suspended_by_people(group)), balancers=frozenset(further))


def look(client: Client, group: Mapping[str, Any], key: str) -> GroupSeen:
    """Look closely at a server group that Slipway made.

    :param client: gives the boto3 client of a service by its name.
    :param group: as Auto Scaling describes it.
    :param key: of the environment's own balancer.
    """
    tags, ec2, name = tags_of(group), client("ec2"), str(group["AutoScalingGroupName"])
    own = {"LaunchTemplateName": name, "Version": "1"}
    data, template, own_template = of_template(ec2, own), _template(group), _named(own)
    makes = data if template == own_template else live_machines(client, group)
    size = (group["MinSize"], group["DesiredCapacity"], group["MaxSize"])
    asked, bounds = number(tags.get(SIZE)), _bounds(tags.get(BOUNDS, ""))
    differs = (asked, bounds) != (size[1], (size[0], size[2]))
    rules = _rules(client, name) if differs else (False, False)
    noted = _machine_tags(data)
    return GroupSeen(
        name=name,
        live_since=number(tags.get(LIVE)) or 0,
        own_template=own_template,
        template=template,
        made_of=_words(data) if data else None,
        makes=_words(makes) if makes else None,
        size=size,
        asked=asked,
        bounds=bounds,
        scales=rules[0],
        scheduled=rules[1],
        left=Left.from_tag(tags[LEFT]) if LEFT in tags else None,
        now=left(group, key),
        tagged={one: noted[one] for one in _TAGS if one in noted},
        tags={one: tags[one] for one in _TAGS if one in tags},
        machines=tuple(_machines(ec2, group)),
    )


def _bounds(noted: str) -> tuple[int, int] | None:
    low, _, high = noted.partition(" ")
    least, most = number(low), number(high)
    return None if least is None or most is None else (least, most)


def _rules(client: Client, name: str) -> tuple[bool, bool]:
    """Tell whether a group scales by rules, and whether some of them set its least or most."""
    planned, policies = schedules_of(client, name), policies_of(client, name)
    bounded = any("MinSize" in one or "MaxSize" in one for one in planned)
    foresees = (one.get("PredictiveScalingConfiguration") or {} for one in policies)
    bounded |= any(one.get("MaxCapacityBreachBehavior") == _RAISES for one in foresees)
    return bool(planned or policies), bounded


def _template(group: Mapping[str, Any]) -> str:
    return _named(found) if (found := template_of(group)) else _configuration(group)


def _origin(machine: Mapping[str, Any]) -> str:
    """Say what a machine of a group was made from; nothing of one that somebody put into it."""
    return _named(found) if (found := machine.get("LaunchTemplate")) else _configuration(machine)


def _configuration(described: Mapping[str, Any]) -> str:
    name = described.get("LaunchConfigurationName")
    return f"launch configuration {name}" if name else ""


def _machine_tags(data: Mapping[str, Any]) -> dict[str, str]:
    every = data.get("TagSpecifications") or ()
    return {
        key: value
        for one in every
        if one["ResourceType"] == "instance"
        for key, value in tags_of(one).items()
    }


def _named(template: Mapping[str, Any]) -> str:
    name = template.get("LaunchTemplateName") or template.get("LaunchTemplateId", "")
    return f"{name} version {template.get('Version', '$Default')}"


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    """Say what machines are made of; of what they are told at their start no more than a digest."""
    found = {_NAMES.get(key, key): _value(one) for key, one in data.items() if key not in _APART}
    if script := data.get("UserData"):
        found["user data"] = _digest(str(script))
    found["security groups"] = words_of(security_groups(data))
    return found


def _value(value: Any) -> str:
    """Say a part of a template so that two that differ are said in different words."""
    text = short(value)
    if isinstance(value, str) and text == value:
        return text
    if isinstance(value, bool):
        return "yes" if value else "no"
    named = isinstance(value, Mapping) and list(value.values()) == [text]
    return text if named else f"{text} ({_digest(json.dumps(value, sort_keys=True, default=str))})"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _machines(ec2: Any, group: Mapping[str, Any]) -> Iterable[MachineSeen]:
    templates = {str(one["InstanceId"]): _origin(one) for one in group["Instances"]}
    mixed = bool(group.get("MixedInstancesPolicy"))
    ids = sorted(templates)
    for first in range(0, len(ids), _FILTER_VALUES):
        # A filter, since asking by id fails for all when one machine is gone already.
        wanted = [{"Name": "instance-id", "Values": ids[first : first + _FILTER_VALUES]}]
        pages = ec2.get_paginator("describe_instances").paginate(Filters=wanted)
        for one in (i for page in pages for r in page["Reservations"] for i in r["Instances"]):
            instance = str(one["InstanceId"])
            yield MachineSeen(id=instance, template=templates[instance], made_of=_made(one, mixed))


def _made(machine: Mapping[str, Any], mixed: bool) -> dict[str, str]:
    groups = [str(one["GroupId"]) for one in machine.get("SecurityGroups") or ()]
    found = {"image": str(machine["ImageId"])}
    # Where a policy chooses the type, any of them is right.
    found |= {} if mixed else {"instance type": str(machine["InstanceType"])}
    return found | ({"security groups": words_of(groups)} if groups else {})
