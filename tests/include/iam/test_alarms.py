"""Alarms and groups of its own, with which somebody reaches what is not.

An alarm acts with CloudWatch's rights, and a group launches with Auto Scaling's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.iam.deploy_role import deploy_role
from tests.include.iam.evaluator import Request, allowed
from tests.include.iam.requests import ACCOUNT, GROUPS, REGION, context
from tests.include.iam.rights import recorder
from tests.include.iam.rights.recorder import recording
from tests.include.iam.shop import ALARM, GROUP, MINE, PLACE, PROD, may
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, fleet
from tests.slipway.fleet.swap.alarms import NEW, OLD, tell_alarms

account = recorder.account

OWN = f"{ALARM}:shop-dev-1.0/high"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"


def policy(group: str, name: str = "down", account: str = ACCOUNT) -> str:
    arn = f"arn:aws:autoscaling:{REGION}:{account}:scalingPolicy"
    return (
        f"{arn}:c322761b-3172-4d56-9a21-0ed9d6161d67:autoScalingGroupName/{group}:policyName/{name}"
    )


def rings(*actions: str) -> bool:
    told: dict[str, Any] = {"cloudwatch__AlarmActions": actions} if actions else {}
    return may("deploy", "cloudwatch:PutMetricAlarm", OWN, context(**told))


@pytest.mark.parametrize(
    "actions", [(), (TOPIC,), (policy("shop-dev-1.0"),), (policy("shop-dev-2.0"), TOPIC)]
)
def test_an_alarm_scales_its_own_groups_and_tells_people(actions: tuple[str, ...]) -> None:
    assert rings(*actions)


@pytest.mark.parametrize(
    "action",
    [
        f"arn:aws:automate:{REGION}:ec2:terminate",
        f"arn:aws:automate:{REGION}:ec2:stop",
        f"arn:aws:swf:{REGION}:{ACCOUNT}:action/actions/AWS_EC2.InstanceId.Reboot/1.0",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:payroll",
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:opsitem:1",
        f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/all",
        f"arn:aws:sns:{REGION}:999999999999:elsewhere",
        policy("shop-prod-1.0"),
        policy("shop-admin-dev-1.0"),
        policy("shop-dev-2-1.0"),
        policy("shop-dev-legacy"),
        policy("shop-dev-1.0", account="999999999999"),
        policy("shop-prod-1.0", "x:autoScalingGroupName/shop-dev-1.0:policyName/y"),
        policy("x:autoScalingGroupName/shop-dev-1.0"),
    ],
)
def test_an_alarm_does_not_do_what_its_maker_may_not(action: str) -> None:
    assert not rings(action)
    assert not rings(TOPIC, action, policy("shop-dev-1.0"))


@pytest.mark.parametrize(
    "call",
    [
        "DisableAlarmActions",
        "EnableAlarmActions",
        "PutCompositeAlarm",
        "PutAnomalyDetector",
        "PutManagedInsightRules",
        "SetAlarmState",
        "TagResource",
        "UntagResource",
    ],
)
def test_no_alarm_is_silenced_or_made_to_ring(call: str) -> None:
    for alarm in (OWN, f"{ALARM}:shop-prod-1.0/high", f"{ALARM}:errors"):
        assert not may("deploy", f"cloudwatch:{call}", alarm)


def update(**more: Any) -> bool:
    told = context(has=MINE, **{f"autoscaling__{key}": value for key, value in more.items()})
    return may("deploy", "autoscaling:UpdateAutoScalingGroup", GROUP, told)


def test_a_groups_machines_are_not_moved_beside_production() -> None:
    assert update()
    for subnets in (("subnet-prod",), ("subnet-0a", "subnet-prod"), ("subnet-0a",)):
        assert not update(VPCZoneIdentifiers=subnets)


def test_a_group_does_not_follow_a_template_to_whatever_is_its_newest_version() -> None:
    assert update(LaunchTemplateVersionSpecified="true")
    assert not update(LaunchTemplateVersionSpecified="false")


@pytest.mark.parametrize(
    ("subnets", "right"),
    [
        (("subnet-0a",), True),
        (("subnet-0a", "subnet-0b"), True),
        (("subnet-prod",), False),
        (("subnet-0a", "subnet-prod"), False),
        ((), False),
    ],
)
def test_a_group_is_made_in_its_own_subnets_where_they_are_known_by_id(
    subnets: tuple[str, ...], right: bool
) -> None:
    known = replace(PLACE, subnets=("subnet-0a", "subnet-0b"))
    more: dict[str, Any] = {"autoscaling__VPCZoneIdentifiers": subnets} if subnets else {}
    told = context(asks=MINE, autoscaling__LaunchTemplateVersionSpecified="true", **more)
    asked = Request(
        action="autoscaling:CreateAutoScalingGroup", resource=f"{GROUPS}/shop-dev-1", context=told
    )
    assert allowed(deploy_role(known).policies().values(), asked) is right


def test_another_environments_group_stays_where_it_is() -> None:
    told = context(has=PROD, autoscaling__VPCZoneIdentifiers=("subnet-0a",))
    assert not may("deploy", "autoscaling:UpdateAutoScalingGroup", GROUP, told)


@pytest.mark.usefixtures("account")
def test_alarms_of_the_live_fleet_are_carried_over_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = fleet()
    cloud.launch(moto_cloud.launch("1"))
    client("autoscaling").put_scaling_policy(
        AutoScalingGroupName=OLD,
        PolicyName="up",
        PolicyType="SimpleScaling",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    client("cloudwatch").put_metric_alarm(
        AlarmName="busy",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=80.0,
        OKActions=[TOPIC],
        ComparisonOperator="GreaterThanThreshold",
    )
    tell_alarms(monkeypatch)
    cloud.launch(moto_cloud.launch("2", like=OLD))
    with recording() as recorded:
        cloud.carry_over(NEW, OLD)
    (asked,) = [one for one in recorded if one.action == "cloudwatch:PutMetricAlarm"]
    assert len(asked.context["cloudwatch:AlarmActions"]) == 2
    assert allowed(deploy_role(PLACE).policies().values(), asked)
