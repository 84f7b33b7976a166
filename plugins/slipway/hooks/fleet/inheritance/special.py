"""Parts of a live server group of which it takes a closer look to say what passes on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.inheritance.words import says, short
from slipway.hooks.fleet.inherited_machines import (
    INTERFACE,
    Successor,
    interface_of,
    is_root,
    machine_tags,
    metadata_of,
    placement_of,
)
from slipway.hooks.fleet.live_machines import security_groups
from slipway.hooks.fleet.new_group import NewGroup, fits, overrides

_OURS = "/etc/slipway/instance.env"
_ONE_MACHINES = (
    "NetworkInterfaceId",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "Ipv6Addresses",
    "Ipv4Prefixes",
    "Ipv6Prefixes",
)


def undropped(made: NewGroup) -> Successor:
    """Return what the next machines would be, were nothing dropped.

    :param made: the group to be.
    """
    new = made.new or Successor(data={}, image={}, old_image={}, mixed=False)
    return Successor(data=new.data, image=new.image, old_image=new.old_image, mixed=new.mixed)


def _mixed(made: NewGroup) -> tuple[str, str]:
    policy = made.live.get("MixedInstancesPolicy") or {}
    if not policy:
        return "", ""
    types = overrides(policy)
    chosen = str(made.new.data["InstanceType"]) if made.new else ""
    own = [one for one in types if not fits(one, chosen)]
    kept = [str(one.get("InstanceType") or "by requirements") for one in types if one not in own]
    shares = policy.get("InstancesDistribution") or {}
    base, above = (
        shares.get(key, usual)
        for key, usual in (
            ("OnDemandBaseCapacity", 0),
            ("OnDemandPercentageAboveBaseCapacity", 100),
        )
    )
    words = f"{', '.join(kept) or 'one type'}; on demand {base} and {above} % of the rest"
    return words, ", ".join(str(one.get("InstanceType")) for one in own)


def _placement(made: NewGroup) -> tuple[str, str]:
    found = placement_of(undropped(made), made.machines)
    found = found if says("Placement", found) else {}
    group = made.live.get("PlacementGroup")
    return short(found | ({"PlacementGroup": group} if group else {})), ""


def _metadata(made: NewGroup) -> tuple[str, str]:
    found = metadata_of(undropped(made), made.machines)
    usual = {"HttpPutResponseHopLimit": 1, "HttpProtocolIpv6": "disabled"}
    return short({key: one for key, one in found.items() if one != usual[key]}), ""


def _old_metadata(made: NewGroup) -> tuple[str, str]:
    options = made.machines.get("MetadataOptions") or {}
    off = options.get("HttpEndpoint") == "disabled"
    old = made.machines and options.get("HttpTokens") != "required"
    return "", "switched off" if off else "version 1" if old else ""


def _network(made: NewGroup) -> tuple[str, str]:
    found = interface_of(undropped(made), made.machines)
    return short({key: found[key] for key in INTERFACE if key in found}), ""


def _fixed_network(made: NewGroup) -> tuple[str, str]:
    there = list(made.machines.get("NetworkInterfaces") or ())
    further = [f"interface {one['DeviceIndex']}" for one in there if one.get("DeviceIndex")]
    fixed = [key for one in there for key in _ONE_MACHINES if one.get(key)]
    second = ["SecondaryInterfaces"] if made.machines.get("SecondaryInterfaces") else []
    return "", ", ".join([*further, *fixed, *second])


def _volumes(made: NewGroup) -> tuple[str, str]:
    if made.new is None:
        return "", ""
    before = {str(one["DeviceName"]): one for one in made.new.data["BlockDeviceMappings"]}
    after = made.template["BlockDeviceMappings"]
    changed = [one for one in after if before.get(str(one["DeviceName"])) != one]
    if "volumes" in made.new.drop:
        changed = list(made.machines.get("BlockDeviceMappings") or ())
    return "; ".join(_volume(one) for one in changed), ""


def _volume(one: Mapping[str, Any]) -> str:
    ebs = one.get("Ebs") or {}
    size = f"{ebs['VolumeSize']} GiB" if ebs.get("VolumeSize") else ""
    words = (one["DeviceName"], size, ebs.get("VolumeType"), ebs.get("SnapshotId"))
    return " ".join(str(word) for word in words if word)


def _kept_root(made: NewGroup) -> tuple[str, str]:
    new = made.new
    roots = [
        str(one["DeviceName"])
        for one in made.machines.get("BlockDeviceMappings") or ()
        if new and is_root(str(one["DeviceName"]), new)
        if (one.get("Ebs") or {}).get("DeleteOnTermination") is False
    ]
    return "", ", ".join(roots)


def _machine_tags(made: NewGroup) -> tuple[str, str]:
    keys = {key for tags in machine_tags(made.machines).values() for key in tags}
    return ", ".join(sorted(keys)), ""


def _tags(made: NewGroup) -> tuple[str, str]:
    keys = (key for key in tags_of(made.live) if not key.startswith(("slipway:", "aws:")))
    return ", ".join(sorted(key for key in keys if key != "Name")), ""


def _service_role(made: NewGroup) -> tuple[str, str]:
    role = str(made.live.get("ServiceLinkedRoleARN") or "").rpartition("/")[2]
    return role if role != "AWSServiceRoleForAutoScaling" else "", ""


def _user_data(made: NewGroup) -> tuple[str, str]:
    raw = str(made.machines.get("UserData") or "")
    try:
        text = base64.b64decode(raw, validate=True)
    except (ValueError, binascii.Error):
        text = raw.encode()
    return "", f"{len(text)} bytes" if text and _OURS.encode() not in text else ""


def _operator(made: NewGroup) -> tuple[str, str]:
    its = (made.live.get("Operator") or {}, made.machines.get("Operator") or {})
    return "", next((str(one.get("Principal", "")) for one in its if one.get("Managed")), "")


def _type(made: NewGroup) -> str:
    old, new = made.machines.get("InstanceType"), made.template.get("InstanceType")
    policy = made.group.get("MixedInstancesPolicy", {})
    chosen = policy.get("LaunchTemplate", {}).get("Overrides")
    return f"{old}; now {new}" if old and new and old != new and not chosen else ""


def _security_groups(made: NewGroup) -> str:
    old, new = (set(security_groups(one)) for one in (made.machines, made.template))
    return ", ".join(sorted(old - new))


def _profile(made: NewGroup) -> str:
    old, new = (
        str(its.get("Name") or its.get("Arn") or "").rpartition("/")[2]
        for its in (one.get("IamInstanceProfile") or {} for one in (made.machines, made.template))
    )
    return old if old != new else ""


def _subnets(made: NewGroup) -> str:
    both = (str(one.get("VPCZoneIdentifier") or "") for one in (made.live, made.group))
    old, new = (set(one.split(",")) for one in both)
    return ", ".join(sorted(old - new - {""}))


# What passes on of a part, and what does not, in words.
SPECIAL = {
    "mixed_instances": _mixed,
    "placement": _placement,
    "metadata": _metadata,
    "old_metadata": _old_metadata,
    "network": _network,
    "fixed_network": _fixed_network,
    "volumes": _volumes,
    "kept_root": _kept_root,
    "machine_tags": _machine_tags,
    "tags": _tags,
    "service_role": _service_role,
    "user_data": _user_data,
    "operator": _operator,
}
# What is lost of a part because the project file says something else.
PROJECT = {
    "instance_type": _type,
    "security_groups": _security_groups,
    "profile": _profile,
    "subnets": _subnets,
}
