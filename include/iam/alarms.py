"""Whose alarms a swap may make and take away, and what they may do when they ring.

An alarm acts with CloudWatch's own rights: it stops machines, scales groups and calls functions
that whoever made it could not. So its actions are looked at as well as its name.
"""

from __future__ import annotations

from collections.abc import Iterable

from include.iam.policy_document import Condition, Place, Statement

CHANGES = ("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm")
# For whichever of its states an action is.
_ACTIONS = "cloudwatch:AlarmActions"
# Of a scaling policy: as long as it is, so that nothing else can stand in its place.
_ID = "?" * 36


def own_alarms(place: Place) -> tuple[Statement, ...]:
    """Return the rights to the alarms of an environment's own groups.

    They tell the account's topics, and scale these groups; an alarm may also do nothing.

    :param place: the environment.
    """
    # What follows is a version, and so begins with a digit: an environment's name does not.
    mine = [f"{place.project}-{place.environment}-{digit}" for digit in range(10)]
    arns = tuple(alarm_arn(place, name) for name in mine)
    topics = f"arn:aws:sns:{place.region}:${{aws:PrincipalAccount}}:*"
    harmless: Condition = {"ForAllValues:ArnLike": {_ACTIONS: [topics, *_scaling(place, mine)]}}
    return (
        Statement(sid="DeleteOwnAlarms", actions=("cloudwatch:DeleteAlarms",), resources=arns),
        Statement(
            sid="OwnAlarms",
            actions=("cloudwatch:PutMetricAlarm",),
            resources=arns,
            conditions=harmless,
        ),
    )


def no_neighbour_is_scaled(place: Place) -> Statement:
    """Return the refusal of alarms that scale a neighbour, whose groups' names begin alike.

    :param place: the environment.
    """
    theirs = _scaling(place, [f"{name}-" for name in place.neighbours])
    return Statement(
        sid="ScaleNoneOfTheNeighbours",
        actions=("cloudwatch:PutMetricAlarm",),
        resources=(alarm_arn(place, ""),),
        conditions={"ForAnyValue:ArnLike": {_ACTIONS: theirs}},
        denied=True,
    )


def alarm_arn(place: Place, start: str) -> str:
    """Return the ARN of all alarms whose names begin like this."""
    return f"arn:aws:cloudwatch:{place.region}:*:alarm:{start}*"


def _scaling(place: Place, starts: Iterable[str]) -> list[str]:
    policies = f"arn:aws:autoscaling:{place.region}:${{aws:PrincipalAccount}}:scalingPolicy:{_ID}"
    return [f"{policies}:autoScalingGroupName/{start}*:policyName/*" for start in starts]
