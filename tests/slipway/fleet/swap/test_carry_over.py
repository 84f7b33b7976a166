"""What people and tools gave the live group, its successor has as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.fleet import ServerGroup
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, described, launch
from tests.slipway.fleet.swap.alarms import NEW, OLD, tell_alarms

CPU = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}}


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    with mock_aws():
        moto_cloud.furnish()
        cloud = moto_cloud.fleet()
        cloud.launch(launch("1"))
        cloud.attach(OLD)
        yield cloud


def _both(cloud: FleetCloud, **more: Any) -> None:
    cloud.launch(launch("2", like=OLD, **more))
    cloud.attach(NEW)


def _group(cloud: FleetCloud, version: str) -> ServerGroup:
    group = cloud.observe(detailed=True).of(version)
    assert group is not None
    return group


def _policy(name: str = "cpu", target: float = 50.0) -> None:
    client("autoscaling").put_scaling_policy(
        AutoScalingGroupName=OLD,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={**CPU, "TargetValue": target},
    )


def test_tags_go_over_and_slipways_own_do_not(cloud: FleetCloud) -> None:
    tags = {"team": ("web", True), "paid-by": ("shop", False), "slipway:live-since": ("7", False)}
    client("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": OLD,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": far,
            }
            for key, (value, far) in tags.items()
        ]
    )
    _both(cloud)
    found = {tag["Key"]: (tag["Value"], tag["PropagateAtLaunch"]) for tag in described(NEW)["Tags"]}
    assert (found["team"], found["paid-by"]) == (("web", True), ("shop", False))
    assert found["slipway:version"] == ("2", True)
    assert "slipway:live-since" not in found


def test_a_group_that_was_moved_by_hand_stays_where_it_is(cloud: FleetCloud) -> None:
    moved = moto_cloud.subnet("b")
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OLD, VPCZoneIdentifier=moved
    )
    _both(cloud)
    assert described(NEW)["VPCZoneIdentifier"] == moved


def test_subnets_that_changed_in_the_project_file_win(cloud: FleetCloud) -> None:
    _both(cloud, subnets=("b",))
    assert described(NEW)["VPCZoneIdentifier"] == moto_cloud.subnet("b")


def test_lifecycle_hooks_are_there_from_the_first_machine_on(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = {
        "LifecycleHookName": "warm-up",
        "HeartbeatTimeout": 60,
        "DefaultResult": "ABANDON",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    }
    client("autoscaling").put_lifecycle_hook(AutoScalingGroupName=OLD, **hook)
    asked: dict[str, Any] = {}
    create = client("autoscaling").create_auto_scaling_group

    def watched(**wanted: Any) -> Any:
        asked.update(wanted)
        return create(**wanted)

    monkeypatch.setattr(client("autoscaling"), "create_auto_scaling_group", watched)
    _both(cloud)
    (made,) = asked["LifecycleHookSpecificationList"]
    assert hook.items() <= made.items()


def test_hooks_of_codedeploy_make_nobody_wait_and_are_told(cloud: FleetCloud) -> None:
    """It answers for the groups that it was told of; a new one's machines would never serve."""
    name = "CodeDeploy-managed-automatic-launch-deployment-hook-shop-0f8a"
    client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=OLD,
        LifecycleHookName=name,
        HeartbeatTimeout=600,
        DefaultResult="ABANDON",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
    )
    (said,) = (one for one in cloud.inheritance(launch("2", like=OLD)) if name in one)
    assert said.startswith(f"does not pass on from {OLD}: lifecycle hooks of CodeDeploy or ECS")
    assert "take the group out of the deployment group" in said
    _both(cloud)
    cloud.carry_over(NEW, OLD)
    hooks = client("autoscaling").describe_lifecycle_hooks(AutoScalingGroupName=NEW)
    assert hooks["LifecycleHooks"] == []


def test_a_group_without_rules_has_nothing_to_give(cloud: FleetCloud) -> None:
    _both(cloud)
    assert _group(cloud, "1").rules == ""


def test_scheduled_actions_go_over(cloud: FleetCloud) -> None:
    scaling = client("autoscaling")
    scaling.put_scheduled_update_group_action(
        AutoScalingGroupName=OLD,
        ScheduledActionName="night",
        Recurrence="0 22 * * *",
        MinSize=1,
        MaxSize=2,
        DesiredCapacity=1,
    )
    _both(cloud)
    assert _group(cloud, "1").rules
    cloud.carry_over(NEW, OLD)
    (night,) = scaling.describe_scheduled_actions(AutoScalingGroupName=NEW)[
        "ScheduledUpdateGroupActions"
    ]
    assert (night["Recurrence"], night["MaxSize"]) == ("0 22 * * *", 2)


def test_policies_and_metrics_go_over_once(cloud: FleetCloud) -> None:
    _policy()
    scaling = client("autoscaling")
    scaling.enable_metrics_collection(
        AutoScalingGroupName=OLD, Metrics=["GroupDesiredCapacity"], Granularity="1Minute"
    )
    _both(cloud)
    # Kept, since moto takes a policy away from one group when another gets it.
    rules = _group(cloud, "1").rules
    assert _group(cloud, "2").carried != rules
    cloud.carry_over(NEW, OLD)
    (policy,) = scaling.describe_policies(AutoScalingGroupName=NEW)["ScalingPolicies"]
    assert (policy["PolicyName"], policy["TargetTrackingConfiguration"]["TargetValue"]) == (
        "cpu",
        50.0,
    )
    assert [one["Metric"] for one in described(NEW)["EnabledMetrics"]] == ["GroupDesiredCapacity"]
    assert _group(cloud, "2").carried == rules != ""


def test_a_rule_that_changed_goes_over_again(cloud: FleetCloud) -> None:
    _policy()
    _both(cloud)
    cloud.carry_over(NEW, OLD)
    _policy(target=70.0)
    assert _group(cloud, "2").carried != _group(cloud, "1").rules
    cloud.carry_over(NEW, OLD)
    (policy,) = client("autoscaling").describe_policies(AutoScalingGroupName=NEW)["ScalingPolicies"]
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == 70.0


def test_the_kind_of_health_check_goes_over_when_the_trial_is_over(cloud: FleetCloud) -> None:
    """While the gates look, the cloud must not replace what they look at."""
    client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OLD, HealthCheckType="ELB", HealthCheckGracePeriod=240
    )
    _both(cloud)
    assert described(NEW)["HealthCheckType"] == "EC2"
    cloud.carry_over(NEW, OLD)
    found = described(NEW)
    assert (found["HealthCheckType"], found["HealthCheckGracePeriod"]) == ("ELB", 240)


def test_alarms_of_a_step_policy_go_over_and_go_away_with_their_group(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="busy",
        MetricName="CPUUtilization",
        Namespace="AWS/EC2",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=80.0,
        AlarmActions=["arn:old"],
        ComparisonOperator="GreaterThanThreshold",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": OLD}],
    )
    client("autoscaling").put_scaling_policy(
        AutoScalingGroupName=OLD,
        PolicyName="up",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        MetricAggregationType="Average",
        StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    )
    tell_alarms(monkeypatch)
    _both(cloud)
    cloud.carry_over(NEW, OLD)
    (alarm,) = watch.describe_alarms(AlarmNames=[f"{NEW}/busy"])["MetricAlarms"]
    assert alarm["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": NEW}]
    assert f"autoScalingGroupName/{NEW}" in alarm["AlarmActions"][0]
    cloud.detach(NEW)
    cloud.delete(NEW)
    left = [one["AlarmName"] for one in watch.describe_alarms()["MetricAlarms"]]
    assert left == ["busy"]


def test_each_change_is_asked_for(cloud: FleetCloud) -> None:
    """The fence comes directly before each mutating call, whatever the method."""
    _policy()
    happened: list[str] = []
    events = [client(name).meta.events for name in ("autoscaling", "ec2", "elbv2")]

    def note(model: Any, **_: Any) -> None:
        if not model.name.startswith("Describe"):
            happened.append(model.name)

    for one in events:
        one.register("before-call", note, unique_id="fence-test")
    guarded = cloud.with_fence(lambda: happened.append("fence"))
    held = frozenset({"AZRebalance"})
    guarded.launch(launch("2", like=OLD))
    guarded.resize(NEW, (1, 3, 4))
    guarded.suspend_scaling(NEW, held)
    guarded.carry_over(NEW, OLD)
    guarded.attach(NEW)
    guarded.mark_live(NEW, 1)
    guarded.mark_standby(NEW, 2)
    guarded.mark_standby(NEW, None)
    guarded.resume_scaling(NEW, held)
    guarded.detach(NEW)
    guarded.delete(NEW)
    for one in events:
        one.unregister("before-call", unique_id="fence-test")
    calls = [name for name in happened if name != "fence"]
    assert happened == [word for name in calls for word in ("fence", name)]
    assert {"CreateLaunchTemplate", "DeleteLaunchTemplate", "PutScalingPolicy"} <= set(calls)
