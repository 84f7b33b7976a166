"""What the code asks of AWS, as IAM sees it: each call as requests with their context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.hooks.aws.lookup import tags_of
from tests.include.iam.evaluator import Request, Values
from tests.slipway.fleet.moto_cloud import client

ACCOUNT, REGION = "123456789012", "eu-west-1"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
GROUPS = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:x:autoScalingGroupName"


def context(
    *, asks: Mapping[str, str] | None = None, has: Mapping[str, str] | None = None, **more: Any
) -> dict[str, Values]:
    """Build a request's context.

    :param asks: tags in the request.
    :param has: tags of the resource.
    :param more: other keys, ``__`` for the colon.
    """
    found: dict[str, Values] = {"aws:PrincipalAccount": ACCOUNT}
    found |= {f"aws:RequestTag/{key}": value for key, value in (asks or {}).items()}
    found |= {f"aws:ResourceTag/{key}": value for key, value in (has or {}).items()}
    if asks:
        found["aws:TagKeys"] = tuple(asks)
    return found | {key.replace("__", ":"): value for key, value in more.items()}


def requests(action: str, params: Mapping[str, Any]) -> Iterator[Request]:
    """Say what IAM is asked when the code makes a call.

    :param action: ``autoscaling:CreateAutoScalingGroup``.
    :param params: as the client was given them.
    """
    if action.startswith("autoscaling:"):
        yield from _autoscaling(action, params)
    elif action == "ec2:CreateLaunchTemplate":
        (given,) = params["TagSpecifications"]
        told = context(asks=tags_of(given))
        template = f"{EC2}:launch-template/lt-new"
        yield Request(action=action, resource=template, context=told)
        made = told | {"ec2:CreateAction": "CreateLaunchTemplate"}
        yield Request(action="ec2:CreateTags", resource=template, context=made)
    elif action == "ec2:DeleteLaunchTemplate":
        found = client("ec2").describe_launch_templates(
            LaunchTemplateIds=[params["LaunchTemplateId"]]
        )
        has = context(has=tags_of(found["LaunchTemplates"][0]))
        yield Request(action=action, resource=f"{EC2}:launch-template/lt-0", context=has)
    elif action in ("ec2:CreateTags", "ec2:DeleteTags"):
        for one in params["Resources"]:
            asks = {tag["Key"]: tag.get("Value", "") for tag in params["Tags"]}
            told = context(asks=asks, has=_machine_tags(one))
            yield Request(action=action, resource=f"{EC2}:instance/{one}", context=told)
    elif action in {*_ONE_THING, *_OF_MACHINES}:
        yield from (_bake if action in _ONE_THING else _asked)(action, params)
    elif action.startswith("ssm:"):
        arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{params['Name']}"
        yield Request(action=action, resource=arn, context=context())
    elif action in ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"):
        for name in params.get("AlarmNames", [params.get("AlarmName")]):
            arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
            yield Request(action=action, resource=arn, context=alarm_context(params))
    else:
        assert "Describe" in action, f"teach this file what {action} asks for"
        yield Request(action=action, resource="*", context=context())


def alarm_context(params: Mapping[str, Any]) -> dict[str, Values]:
    """Say what IAM knows of an alarm: its actions, for whichever state."""
    states = ("AlarmActions", "OKActions", "InsufficientDataActions")
    actions = tuple(one for state in states for one in params.get(state, ()))
    more: dict[str, Any] = {"cloudwatch__AlarmActions": actions} if actions else {}
    return context(**more)


# Calls of the bake, and of retention: the parameter that names the thing, and its kind.
_ONE_THING = {
    "ec2:CreateSecurityGroup": ("GroupName", "security-group"),
    "ec2:AuthorizeSecurityGroupIngress": ("GroupId", "security-group"),
    "ec2:DeleteSecurityGroup": ("GroupId", "security-group"),
    "ec2:TerminateInstances": ("InstanceIds", "instance"),
    "ec2:DeleteKeyPair": ("KeyName", "key-pair"),
    "ec2:DeregisterImage": ("ImageId", "image"),
    "ec2:DeleteSnapshot": ("SnapshotId", "snapshot"),
}


# Calls by which a failed machine is asked why.
_OF_MACHINES = frozenset({"ssm:SendCommand", "ssm:GetCommandInvocation", "ec2:GetConsoleOutput"})


def _asked(action: str, params: Mapping[str, Any]) -> Iterator[Request]:
    if action == "ssm:GetCommandInvocation":
        yield Request(action=action, resource="*", context=context())
        return
    for one in params.get("InstanceIds", [params.get("InstanceId")]):
        told = context(has=_machine_tags(one))
        yield Request(action=action, resource=f"{EC2}:instance/{one}", context=told)
    if document := params.get("DocumentName"):
        arn = f"arn:aws:ssm:{REGION}::document/{document}"
        yield Request(action=action, resource=arn, context=context())


def _bake(action: str, params: Mapping[str, Any]) -> Iterator[Request]:
    parameter, kind = _ONE_THING[action]
    named = params[parameter]
    begin = f"arn:aws:ec2:{REGION}:" if kind in ("image", "snapshot") else EC2
    for one in [named] if isinstance(named, str) else named:
        resource = f"{begin}:{kind}/{one}"
        if action == "ec2:CreateSecurityGroup":
            (given,) = params["TagSpecifications"]
            told = context(asks=tags_of(given), ec2__CreateAction="CreateSecurityGroup")
            yield Request(action=action, resource=resource, context=told)
            yield Request(action="ec2:CreateTags", resource=resource, context=told)
            yield Request(action=action, resource=f"{EC2}:vpc/{params['VpcId']}", context=context())
        else:
            filters = [{"Name": "resource-id", "Values": [one]}]
            tags = client("ec2").describe_tags(Filters=filters)["Tags"]
            yield Request(
                action=action, resource=resource, context=context(has=tags_of({"Tags": tags}))
            )


def _autoscaling(action: str, params: Mapping[str, Any]) -> Iterator[Request]:
    if "Describe" in action:
        yield Request(action=action, resource="*", context=context())
        return
    tags = params.get("Tags", ())
    name = params.get("AutoScalingGroupName") or tags[0]["ResourceId"]
    arn, asks = f"{GROUPS}/{name}", {tag["Key"]: tag.get("Value", "") for tag in tags}
    found = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    has = tags_of(found["AutoScalingGroups"][0]) if found["AutoScalingGroups"] else {}
    more: dict[str, Any] = {}
    for key in ("TargetGroupARNs", "LoadBalancerNames"):
        if key in params:
            more[f"autoscaling__{key}"] = tuple(params[key])
    if subnets := params.get("VPCZoneIdentifier"):
        more["autoscaling__VPCZoneIdentifiers"] = tuple(subnets.split(","))
    if template := params.get("LaunchTemplate"):
        pinned = template["Version"].isdigit()
        more["autoscaling__LaunchTemplateVersionSpecified"] = str(pinned).lower()
    told = context(asks=asks, has=has, **more)
    yield Request(action=action, resource=arn, context=told)
    if action == "autoscaling:CreateAutoScalingGroup":
        yield Request(action="autoscaling:CreateOrUpdateTags", resource=arn, context=told)
        yield from launching(params["LaunchTemplate"]["LaunchTemplateName"])


def launching(template: str) -> Iterator[Request]:
    """Say what is asked of whoever makes a group of a launch template.

    :param template: its name.
    """
    ec2 = client("ec2")
    (found,) = ec2.describe_launch_templates(LaunchTemplateNames=[template])["LaunchTemplates"]
    answer = ec2.describe_launch_template_versions(LaunchTemplateName=template, Versions=["1"])
    data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    (image,) = ec2.describe_images(ImageIds=[data["ImageId"]])["Images"]
    yield from parts(
        template_tags=tags_of(found),
        image_tags=tags_of(image),
        groups=data["SecurityGroupIds"],
        tags={one["ResourceType"]: tags_of(one) for one in data["TagSpecifications"]},
        profile=data.get("IamInstanceProfile", {}).get("Name"),
    )


def parts(
    *,
    template_tags: Mapping[str, str],
    image_tags: Mapping[str, str],
    groups: list[str],
    tags: Mapping[str, Mapping[str, str]],
    profile: str | None = None,
    owner: str = ACCOUNT,
    subnet: str = "subnet-0a",
) -> list[Request]:
    """Say what RunInstances asks, for each thing that a machine of a template is made of."""
    template = f"{EC2}:launch-template/lt-0"
    given: dict[str, Any] = {"ec2__LaunchTemplate": template}
    ran: dict[str, Any] = {"ec2__CreateAction": "RunInstances"}
    machine = dict(given)
    if profile:
        machine["ec2__InstanceProfile"] = f"arn:aws:iam::{ACCOUNT}:instance-profile/{profile}"
    image = f"arn:aws:ec2:{REGION}::image/ami-0"
    run: list[tuple[str, dict[str, Values]]] = [
        (template, context(has=template_tags)),
        (image, context(has=image_tags, ec2__Owner=owner, **given)),
        (f"{EC2}:instance/*", context(asks=tags.get("instance"), **machine)),
        (f"{EC2}:volume/*", context(asks=tags.get("volume"), **given)),
        (f"{EC2}:network-interface/*", context(**given)),
        (f"{EC2}:subnet/{subnet}", context(**given)),
        *((f"{EC2}:security-group/{one}", context(**given)) for one in groups),
    ]
    asked = [Request(action="ec2:RunInstances", resource=r, context=told) for r, told in run]
    for kind, given_tags in tags.items():
        told = context(asks=given_tags, **ran)
        asked.append(Request(action="ec2:CreateTags", resource=f"{EC2}:{kind}/*", context=told))
    if profile:
        role = f"arn:aws:iam::{ACCOUNT}:role/{profile}"
        passed = context(iam__PassedToService="ec2.amazonaws.com")
        asked.append(Request(action="iam:PassRole", resource=role, context=passed))
    return asked


def _machine_tags(instance: str) -> dict[str, str]:
    found = client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    return tags_of(found[0]["Instances"][0])
