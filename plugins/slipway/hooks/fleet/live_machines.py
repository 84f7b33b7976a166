"""What the machines of a server group are made from, whichever of AWS's forms it is written in.

A launch template, one of a mixed instances policy, or a launch configuration as older groups have
it: all become the data of a launch template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.aws.errors import is_missing

# What groups launch from when their template is named without a version.
_DEFAULT_VERSION = "$Default"
# Fields of a launch configuration that a launch template has under the same name.
SAME = (
    "ImageId",
    "InstanceType",
    "KeyName",
    "EbsOptimized",
    "UserData",
    "KernelId",
    "MetadataOptions",
    "BlockDeviceMappings",
)
# Fields of a launch configuration that say nothing of its machines, or of EC2-Classic, which is
# gone.
WITHOUT_MEANING = (
    "LaunchConfigurationName",
    "LaunchConfigurationARN",
    "CreatedTime",
    "ClassicLinkVPCId",
    "ClassicLinkVPCSecurityGroups",
)


def live_machines(client: Any, group: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a group's next machine would be made from, as the data of a launch template.

    :param client: gives the boto3 client of a service by its name.
    :param group: as Auto Scaling describes it.
    :returns: nothing where the template was deleted under its group.
    """
    if template := template_of(group):
        return of_template(client("ec2"), template)
    if name := group.get("LaunchConfigurationName"):
        answer = client("autoscaling").describe_launch_configurations(
            LaunchConfigurationNames=[name]
        )
        return next((of_configuration(one) for one in answer["LaunchConfigurations"]), {})
    return {}


def template_of(group: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the specification of the template that a group launches from, if it has one."""
    mixed = group.get("MixedInstancesPolicy") or {}
    found: Mapping[str, Any] = (
        group.get("LaunchTemplate")
        or mixed.get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
        or {}
    )
    return found


def of_template(ec2: Any, template: Mapping[str, Any]) -> dict[str, Any]:
    """Read the data of a launch template.

    :param ec2: a boto3 client.
    :param template: its name or id, and the version.
    :returns: nothing where it was deleted.
    """
    keys = ("LaunchTemplateId", "LaunchTemplateName")
    # EC2 takes one of the two.
    name = next({key: template[key]} for key in keys if template.get(key))
    version = template.get("Version") or _DEFAULT_VERSION
    try:
        answer = ec2.describe_launch_template_versions(**name, Versions=[version])
    except ClientError as error:
        # EC2 says so of a template or a version that was deleted under its group.
        if not is_missing(error):
            raise
        return {}
    versions = answer["LaunchTemplateVersions"]
    return dict(versions[0]["LaunchTemplateData"]) if versions else {}


def security_groups(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the security groups of a machine's first network interface, in whichever place.

    :param data: of a launch template.
    """
    yield from data.get("SecurityGroupIds") or ()
    yield from data.get("SecurityGroups") or ()
    for one in data.get("NetworkInterfaces") or ():
        yield from one.get("Groups") or () if not one.get("DeviceIndex") else ()


def of_configuration(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a launch configuration as the data of a launch template.

    :param raw: as Auto Scaling describes it.
    """
    data = {key: raw[key] for key in SAME if raw.get(key) not in (None, "", [], {})}
    groups = list(raw.get("SecurityGroups") or ())
    data |= {"SecurityGroupIds": groups} if groups else {}
    if "AssociatePublicIpAddress" in raw:
        public = raw["AssociatePublicIpAddress"]
        data["NetworkInterfaces"] = [{"DeviceIndex": 0, "AssociatePublicIpAddress": public}]
    if ramdisk := raw.get("RamdiskId"):
        data["RamDiskId"] = ramdisk
    if profile := raw.get("IamInstanceProfile"):
        kind = "Arn" if profile.startswith("arn:") else "Name"
        data["IamInstanceProfile"] = {kind: profile}
    if (raw.get("InstanceMonitoring") or {}).get("Enabled"):
        data["Monitoring"] = {"Enabled": True}
    if tenancy := raw.get("PlacementTenancy"):
        data["Placement"] = {"Tenancy": tenancy}
    if price := raw.get("SpotPrice"):
        spot = {"MaxPrice": price, "SpotInstanceType": "one-time"}
        data["InstanceMarketOptions"] = {"MarketType": "spot", "SpotOptions": spot}
    return data
