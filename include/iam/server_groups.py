"""What the deploy role may do with its environment's server groups."""

from __future__ import annotations

from include.iam.policy_document import (
    Condition,
    Place,
    Statement,
    asked,
    carries,
    every,
    lacks,
    no_others,
    only,
    unclaimed,
    untagged,
)
from slipway.model.cloud.tags import HELD, PROJECT, STANDBY, TAKING_OVER

_BALANCERS = (
    "autoscaling:LoadBalancerNames",
    "autoscaling:TargetGroupARNs",
    "autoscaling:TrafficSourceIdentifiers",
)
# The older form of a template: whoever names one gets machines of it without being asked further.
_CONFIGURATION = "autoscaling:LaunchConfigurationName"
_SUBNETS = "autoscaling:VPCZoneIdentifiers"


def server_groups(place: Place) -> tuple[Statement, ...]:
    """Return the rights to make an environment's groups, to change them and to note on them.

    :param place: the environment.
    """
    return (*_making(place), *_changing(place), *_noting(place))


def _anywhere(place: Place) -> str:
    return f"arn:aws:autoscaling:{place.region}:*:autoScalingGroup:*:autoScalingGroupName"


def _making(place: Place) -> tuple[Statement, ...]:
    # What follows is a version, and so begins with a digit.
    mine = tuple(f"{_anywhere(place)}/{place.project}-{place.environment}-{n}*" for n in range(10))
    new = every(asked(place.tags), untagged(PROJECT))
    return (
        # Outside every balancer, and never by laying hands on a group that is somebody's.
        Statement(
            sid="MakeGroups",
            actions=("autoscaling:CreateAutoScalingGroup",),
            resources=mine,
            conditions=every(
                new, lacks(*_BALANCERS, _CONFIGURATION), _template("Bool"), _own_subnets(place)
            ),
        ),
        Statement(
            sid="TagNewGroups",
            actions=("autoscaling:CreateOrUpdateTags",),
            resources=mine,
            conditions=every(asked(place.tags), unclaimed(place)),
        ),
    )


def _changing(place: Place) -> tuple[Statement, ...]:
    anywhere, own = _anywhere(place), carries(place.tags)
    return (
        # Its machines stay where they were made: a group is moved by making another.
        Statement(
            sid="ResizeOwnGroups",
            actions=("autoscaling:UpdateAutoScalingGroup",),
            resources=(f"{anywhere}/*",),
            conditions=every(own, lacks(_CONFIGURATION, _SUBNETS), _template("BoolIfExists")),
        ),
        Statement(
            sid="ChangeOwnGroups",
            actions=tuple(
                f"autoscaling:{call}"
                for call in (
                    "DeleteAutoScalingGroup",
                    "DetachInstances",
                    "EnableMetricsCollection",
                    "PutLifecycleHook",
                    "PutNotificationConfiguration",
                    "PutScalingPolicy",
                    "PutScheduledUpdateGroupAction",
                    "PutWarmPool",
                    "ResumeProcesses",
                    "SuspendProcesses",
                )
            ),
            resources=(f"{anywhere}/*",),
            conditions=own,
        ),
    )


def _noting(place: Place) -> tuple[Statement, ...]:
    anywhere, own = _anywhere(place), carries(place.tags)
    notes = only("aws:TagKeys", (HELD, STANDBY, TAKING_OVER))
    return (
        # Notes of its own, but a group cannot be passed off as another environment's.
        Statement(
            sid="NoteOnOwnGroups",
            actions=("autoscaling:CreateOrUpdateTags",),
            resources=(f"{anywhere}/*",),
            conditions=every(own, no_others(place.tags)),
        ),
        Statement(
            sid="TakeNotesOff",
            actions=("autoscaling:DeleteTags",),
            resources=(f"{anywhere}/*",),
            conditions=every(own, notes),
        ),
    )


def _template(compare: str) -> Condition:
    """A launch template is asked for, whose parts IAM looks at, and one version of it."""
    return {compare: {"autoscaling:LaunchTemplateVersionSpecified": "true"}}


def _own_subnets(place: Place) -> Condition:
    """A group says where its machines are; IAM knows subnets by id alone."""
    known = all(one.startswith("subnet-") for one in place.subnets)
    return only(_SUBNETS, place.subnets) if known else {"Null": {_SUBNETS: "false"}}
