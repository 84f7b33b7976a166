"""What an account may have, and what the connection's role may do, asked without doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.fleet.live_machines import live_machines
from slipway.model.cloud.preflight_facts import QuotaSeen, RefusedSeen
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.cloud.tags import ENVIRONMENT, PROJECT

Client = Callable[[str], Any]
# Families of instances that share a quota of virtual CPUs, by how a type's name begins, the
# longest first: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
_FAMILIES = (
    (("inf",), "Inf", "L-1945791B"),
    (("trn", "dl", "hpc", "u-", "mac", "vt"), "", ""),
    (("g",), "G and VT", "L-DB2E81BA"),
    (("p",), "P", "L-417A185B"),
    (("f",), "F", "L-74FC7D96"),
    (("x",), "X", "L-7295265B"),
    (tuple("acdhimrtz"), "Standard", "L-1216C47A"),
)
_RUNNING = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
_TEMPLATES = "Launch templates"
# EC2's answers to a dry run.
_MAY, _MAY_NOT = "DryRunOperation", "UnauthorizedOperation"


def account_quotas(
    client: Client, needs: Needs, vcpus: int
) -> Iterator[tuple[str, Callable[[], QuotaSeen]]]:
    """Return what has a limit, and how to ask for it.

    :param client: gives the boto3 client of a service by its name.
    :param needs: what the deployment relies on.
    :param vcpus: of each machine; 0 where nobody knows.
    """
    yield "server groups", lambda: _groups(client)
    name, code = _family(needs.instance_type)
    more = needs.machines * vcpus
    if code and vcpus:
        yield (
            f"vCPUs of {name} instances",
            lambda: _vcpus(client, name, code, 0 if _mixed(client, needs) else more),
        )
    yield "launch templates", lambda: _templates(client)


def _groups(client: Client) -> QuotaSeen:
    limits = client("autoscaling").describe_account_limits()
    return QuotaSeen(
        what="Auto Scaling groups",
        used=int(limits["NumberOfAutoScalingGroups"]),
        limit=int(limits["MaxNumberOfAutoScalingGroups"]),
        more=1,
    )


def _mixed(client: Client, needs: Needs) -> bool:
    """Say whether the serving group passes on that its machines are of other types, or spot."""
    if needs.like is None:
        return False
    answer = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[needs.like])
    return any(
        (group.get("MixedInstancesPolicy") and "mixed_instances" not in needs.drop)
        or (live_machines(client, group).get("InstanceMarketOptions") and "spot" not in needs.drop)
        for group in answer["AutoScalingGroups"]
    )


def _vcpus(client: Client, name: str, code: str, more: int) -> QuotaSeen:
    answer = client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)
    pages = client("ec2").get_paginator("describe_instances").paginate(Filters=_RUNNING)
    used = 0
    for page in pages:
        for one in (i for r in page["Reservations"] for i in r["Instances"]):
            if not one.get("InstanceLifecycle") and _family(one["InstanceType"])[1] == code:
                cores = one.get("CpuOptions") or {}
                used += int(cores.get("CoreCount", 0)) * int(cores.get("ThreadsPerCore", 1))
    limit = int(answer["Quota"]["Value"])
    return QuotaSeen(what=f"vCPUs of {name} instances", used=used, limit=limit, more=more)


def _templates(client: Client) -> QuotaSeen:
    pages = client("service-quotas").get_paginator("list_service_quotas")
    every = (one for page in pages.paginate(ServiceCode="ec2") for one in page["Quotas"])
    limit = next((one for one in every if one["QuotaName"].startswith(_TEMPLATES)), None)
    templates = client("ec2").get_paginator("describe_launch_templates").paginate()
    used = sum(len(page["LaunchTemplates"]) for page in templates)
    most = int(limit["Value"]) if limit else used + 1
    return QuotaSeen(what="launch templates", used=used, limit=most, more=1)


def _family(instance_type: str) -> tuple[str, str]:
    found = (two[1:] for two in _FAMILIES if instance_type.startswith(two[0]))
    return next(found, ("", ""))


def rights(
    client: Client, needs: Needs, subnets: Sequence[str], groups: Sequence[str]
) -> Iterator[tuple[str, Callable[[], RefusedSeen | None]]]:
    """Return the rights that EC2 can be asked for, and how; Auto Scaling has no such question.

    :param client: gives the boto3 client of a service by its name.
    :param needs: what the deployment relies on.
    :param subnets: ids of those that were found.
    :param groups: ids of the security groups that were found.
    """
    yield "ec2:CreateLaunchTemplate", lambda: _may_make_templates(client, needs)
    if needs.template and needs.image_id and subnets and groups:
        yield "ec2:RunInstances", lambda: _may_launch(client, needs, subnets[0], groups)


def _may_make_templates(client: Client, needs: Needs) -> RefusedSeen | None:
    tags = [
        {"Key": PROJECT, "Value": needs.project},
        {"Key": ENVIRONMENT, "Value": needs.environment},
    ]
    try:
        client("ec2").create_launch_template(
            DryRun=True,
            LaunchTemplateName=f"{needs.project}-{needs.environment}-asked",
            LaunchTemplateData={"InstanceType": needs.instance_type},
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        )
    except ClientError as error:
        return _refused("ec2:CreateLaunchTemplate", error)
    return None


def _may_launch(
    client: Client, needs: Needs, subnet: str, groups: Sequence[str]
) -> RefusedSeen | None:
    """Ask with a template that is there already: the rights of a role name templates alone.

    What the new one will say otherwise is said here, or the answer would be about the old one.
    """
    ec2 = client("ec2")
    answer = ec2.describe_launch_template_versions(
        LaunchTemplateName=needs.template, Versions=["$Latest"]
    )
    (old,) = answer["LaunchTemplateVersions"]
    if "IamInstanceProfile" in old["LaunchTemplateData"] and needs.profile is None:
        return None  # there is no way to ask for less than a template has
    role = {"IamInstanceProfile": {"Name": needs.profile}} if needs.profile else {}
    place: dict[str, Any] = {"SubnetId": subnet, "SecurityGroupIds": list(groups)}
    if old["LaunchTemplateData"].get("NetworkInterfaces"):  # EC2 takes the two there, or nowhere
        place = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": list(groups)}
        place = {"NetworkInterfaces": [place]}
    try:
        ec2.run_instances(
            DryRun=True,
            LaunchTemplate={"LaunchTemplateName": needs.template},
            ImageId=needs.image_id,
            InstanceType=needs.instance_type,
            MinCount=1,
            MaxCount=1,
            **place,
            **role,
        )
    except ClientError as error:
        return _refused("ec2:RunInstances", error)
    return None


def _refused(action: str, error: ClientError) -> RefusedSeen | None:
    said = error.response["Error"]
    if said["Code"] == _MAY:
        return None
    if said["Code"] == _MAY_NOT:
        # What follows is the message in a form that only its account can decode.
        message = str(said.get("Message", "")).partition("Encoded authorization")[0]
        return RefusedSeen(action=action, said=message.strip())
    raise error
