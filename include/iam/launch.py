"""What a server group's machines may be launched of: every part of them, one by one.

CreateAutoScalingGroup and UpdateAutoScalingGroup ask whether their caller might launch the
template, so these are the rights of RunInstances.
"""

from __future__ import annotations

from collections.abc import Iterable

from include.iam.policy_document import Condition, Place, Statement, carries, every, lacks
from slipway.hooks.aws.image_cleanup import LAYER
from slipway.model.cloud.tags import PROJECT

_REASON = "CreateAutoScalingGroup asks whether its caller might launch the template"


def launching(place: Place) -> tuple[Statement, ...]:
    """Return the statements.

    :param place: the environment whose machines they are.
    """
    ec2 = place.ec2
    image = f"arn:aws:ec2:{place.region}::image/*"
    templates: Condition = {"ArnLike": {"ec2:LaunchTemplate": f"{ec2}:launch-template/*"}}
    ours: Condition = {"StringEquals": {"ec2:Owner": "${aws:PrincipalAccount}"}}
    app = carries({PROJECT: place.project, LAYER: "app"})
    names = [one for one in place.subnets if not one.startswith("subnet-")]
    return (
        _run("OwnTemplates", (f"{ec2}:launch-template/*",), carries(place.tags)),
        _run("ImagesOfTheProject", (image,), every(app, ours, templates)),
        _run("Machines", (f"{ec2}:instance/*",), every(templates, _profile(place))),
        _run("PartsOfMachines", (f"{ec2}:network-interface/*", f"{ec2}:volume/*"), templates),
        _run(
            "SecurityGroups",
            tuple(f"{ec2}:security-group/{one}" for one in place.security_groups),
            templates,
        ),
        _run(
            "Subnets",
            tuple(f"{ec2}:subnet/{one}" for one in place.subnets if one not in names),
            templates,
        ),
        _run(
            "SubnetsByName",
            (f"{ec2}:subnet/*",) if names else (),
            every(templates, {"StringEquals": {"aws:ResourceTag/Name": names}}),
        ),
        own_interfaces(place),
    )


def own_interfaces(place: Place) -> Statement:
    """Refuse to launch on a network interface that is there, with its addresses and groups.

    One that is made with its machine has no id yet when IAM is asked.
    """
    return Statement(
        sid="NoInterfaceThatIsThere",
        actions=("ec2:RunInstances",),
        resources=(f"{place.ec2}:network-interface/eni-*",),
        denied=True,
    )


def _run(sid: str, resources: Iterable[str], conditions: Condition) -> Statement:
    return Statement(
        sid=f"Launch{sid}",
        actions=("ec2:RunInstances",),
        resources=tuple(resources),
        conditions=conditions,
        reason=_REASON,
    )


def _profile(place: Place) -> Condition:
    """Machines have the application's role, or none."""
    if not place.profiles:
        return lacks("ec2:InstanceProfile")
    arns = [f"arn:aws:iam::*:instance-profile/{profile}" for profile in place.profiles]
    return {"ArnLikeIfExists": {"ec2:InstanceProfile": arns}}
