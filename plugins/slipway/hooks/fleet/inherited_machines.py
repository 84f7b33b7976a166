"""What the machines of a live group have, and those of its successor get as well.

What a machine *is* comes from the release and the project file: image, type, security groups,
profile, user data. How it is kept comes from the live group, as far as it fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# Taken over word for word. The name that a project file drops each by is the table's.
_COPIED: Mapping[str, str] = {
    "KeyName": "key_pair",
    "Monitoring": "monitoring",
    "InstanceMarketOptions": "spot",
    "CapacityReservationSpecification": "capacity_reservation",
    "LicenseSpecifications": "licenses",
    "DisableApiTermination": "protection",
    "DisableApiStop": "protection",
    "InstanceInitiatedShutdownBehavior": "shutdown",
    "PrivateDnsNameOptions": "dns_names",
    "MaintenanceOptions": "recovery",
}
# What one type of machine can and another cannot.
OF_THE_TYPE = (
    "EbsOptimized",
    "CpuOptions",
    "EnclaveOptions",
    "HibernationOptions",
    "NetworkPerformanceOptions",
)
# Of a placement: the zone is the subnet's.
_PLACEMENT = (
    "Affinity",
    "GroupName",
    "HostId",
    "Tenancy",
    "SpreadDomain",
    "HostResourceGroupArn",
    "PartitionNumber",
    "GroupId",
)
# Of the first network interface; what names one address or interface cannot be every machine's.
INTERFACE = (
    "AssociateCarrierIpAddress",
    "AssociatePublicIpAddress",
    "Description",
    "InterfaceType",
    "Ipv6AddressCount",
    "SecondaryPrivateIpAddressCount",
    "Ipv4PrefixCount",
    "Ipv6PrefixCount",
    "PrimaryIpv6",
    "EnaSrdSpecification",
    "ConnectionTrackingSpecification",
    "EnaQueueCount",
    "NetworkCardIndex",
)
# Version 2 of the metadata service, and who reads his tags there, stay Slipway's to say.
METADATA = ("HttpPutResponseHopLimit", "HttpProtocolIpv6")
# Kinds of things that a launch tags.
TAGGED = ("instance", "volume", "network-interface")
_KEPT_TAGS = ("slipway:", "aws:")
_SPEED = ("VolumeType", "Iops", "Throughput")
_VOLUME = (
    *_SPEED,
    "SnapshotId",
    "VolumeSize",
    "DeleteOnTermination",
    "KmsKeyId",
    "VolumeInitializationRate",
    "EbsCardIndex",
)
# How root volumes are called, where the live group's own image cannot be asked any more.
_ROOTS = ("/dev/xvda", "/dev/sda1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Successor:
    """The machines to be, as far as it decides what they can take over.

    :param data: of their launch template, as the release and the project file have it.
    :param image: theirs, as EC2 describes it.
    :param old_image: the live group's, the same way; nothing if it is gone.
    :param mixed: a mixed instances policy chooses their types.
    :param drop: what the project file does not want, by its names in the table.
    """

    data: Mapping[str, Any]
    image: Mapping[str, Any]
    old_image: Mapping[str, Any]
    mixed: bool
    drop: frozenset[str] = frozenset()


def succeed(new: Successor, live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of the successor's launch template.

    :param new: the machines to be.
    :param live: what the live group's machines are made from, as the data of a launch template.
    """
    data = dict(new.data)
    data |= {key: live[key] for key in copied(new, live)}
    if placement := placement_of(new, live):
        data["Placement"] = placement
    data["MetadataOptions"] = {**data["MetadataOptions"], **metadata_of(new, live)}
    if "volumes" not in new.drop:
        data["BlockDeviceMappings"] = _volumes(new, live.get("BlockDeviceMappings", ()))
    if "machine_tags" not in new.drop:
        data["TagSpecifications"] = _tagged(data["TagSpecifications"], live)
    if new.mixed and (wanted := live.get("InstanceRequirements")):
        data = {key: data[key] for key in data if key != "InstanceType"}
        data["InstanceRequirements"] = wanted
    if first := interface_of(new, live):
        # EC2 takes security groups in one of the two places.
        first |= {"DeviceIndex": 0, "Groups": data["SecurityGroupIds"], "DeleteOnTermination": True}
        data = {key: data[key] for key in data if key != "SecurityGroupIds"}
        data["NetworkInterfaces"] = [first]
    return data


def copied(new: Successor, live: Mapping[str, Any]) -> list[str]:
    """List the settings that are taken over word for word.

    :param new: the machines to be.
    :param live: what the live group's machines are made from.
    """
    # A mixed instances policy says itself what is bought on the spot market.
    dropped = new.drop | ({"spot"} if new.mixed else set())
    keys = [key for key, name in _COPIED.items() if name not in dropped]
    same = new.mixed or live.get("InstanceType") == new.data.get("InstanceType")
    if same and "type_options" not in new.drop:
        keys += OF_THE_TYPE
    burstable = (str(one.get("InstanceType", "")).startswith("t") for one in (live, new.data))
    if (same or all(burstable)) and "credits" not in new.drop:
        keys.append("CreditSpecification")
    return [key for key in keys if live.get(key)]


def placement_of(new: Successor, live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the placement that is taken over."""
    return {} if "placement" in new.drop else _only(live.get("Placement") or {}, _PLACEMENT)


def metadata_of(new: Successor, live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the metadata service that are taken over."""
    return {} if "metadata" in new.drop else _only(live.get("MetadataOptions") or {}, METADATA)


def interface_of(new: Successor, live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the first network interface that are taken over."""
    there: list[Mapping[str, Any]] = list(live.get("NetworkInterfaces") or ())
    first = next((one for one in there if not one.get("DeviceIndex")), {})
    return {} if "network" in new.drop else _only(first, INTERFACE)


def root_of(image: Mapping[str, Any]) -> str:
    """Return the name of an image's root device, or nothing."""
    disks = _disks(image)
    first = disks[0].get("DeviceName") if disks else ""
    return str(image.get("RootDeviceName") or first or "")


def is_root(name: str, new: Successor) -> bool:
    """Say whether a device of the live group is what the root device is to the successor."""
    return name == (root_of(new.old_image) or (name if name in _ROOTS else root_of(new.image)))


def _volumes(new: Successor, live: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The image's volumes as large and fast as the live ones were made, and further ones."""
    root, wanted = root_of(new.image), {one["DeviceName"]: one for one in _disks(new.data)}
    before = {one["DeviceName"]: one.get("Ebs", {}) for one in _disks(new.old_image)}
    for one in live:
        its, ebs = str(one["DeviceName"]), one.get("Ebs")
        name = root if is_root(its, new) and root else its
        if ebs and name in wanted:
            changed = {key: ebs[key] for key in _VOLUME if _differs(key, ebs, before.get(its, {}))}
            wanted[name] = {"DeviceName": name, "Ebs": _larger(wanted[name]["Ebs"], changed, ebs)}
        elif ebs:
            volume = {**_only(ebs, _VOLUME), "Encrypted": True}
            wanted[name] = {"DeviceName": name, "Ebs": volume}
        elif one.get("VirtualName"):
            wanted[name] = {"DeviceName": name, "VirtualName": one["VirtualName"]}
    return list(wanted.values())


def _differs(key: str, ebs: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """What the live image said by itself is the business of whoever makes the next image."""
    return ebs.get(key) not in (None, "", before.get(key))


def _larger(
    mine: Mapping[str, Any], changed: Mapping[str, Any], ebs: Mapping[str, Any]
) -> dict[str, Any]:
    volume = dict(mine)
    if any(key in changed for key in _SPEED):  # one without the others may not be possible
        volume = {key: volume[key] for key in volume if key not in _SPEED} | _only(ebs, _SPEED)
    if "VolumeSize" in changed:
        volume["VolumeSize"] = max(changed["VolumeSize"], volume.get("VolumeSize", 0))
    return volume | _only(changed, ("KmsKeyId",))


def _disks(holder: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(one) for one in holder.get("BlockDeviceMappings") or ()]


def _tagged(mine: Iterable[Mapping[str, Any]], live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The live template's own tags, which its group need not have."""
    wanted = {one["ResourceType"]: list(one["Tags"]) for one in mine}
    own = wanted["instance"]
    for kind, tags in machine_tags(live).items():
        there = wanted.get(kind, own)
        keys = {tag["Key"] for tag in there}
        more = [{"Key": key, "Value": value} for key, value in tags.items() if key not in keys]
        wanted[kind] = [*there, *more]
    return [{"ResourceType": kind, "Tags": tags} for kind, tags in wanted.items()]


def machine_tags(live: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the tags that a launch template gives of its own, by the kind of thing.

    :param live: the data of a launch template.
    """
    found = {
        one["ResourceType"]: {
            tag["Key"]: tag["Value"]
            for tag in one.get("Tags", ())
            if tag["Key"] != "Name" and not tag["Key"].startswith(_KEPT_TAGS)
        }
        for one in live.get("TagSpecifications") or ()
    }
    return {kind: tags for kind, tags in found.items() if tags and kind in TAGGED}


def _only(raw: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: raw[key] for key in keys if raw.get(key) not in (None, "", [], {})}
