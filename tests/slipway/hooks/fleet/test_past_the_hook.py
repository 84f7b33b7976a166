"""Calls that moto does not know, compared with AWS's own description of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from slipway.hooks.fleet import traffic_sources
from slipway.hooks.fleet.describe import server_group
from slipway.hooks.fleet.group_extras import (
    put_warm_pool,
    suspend,
    suspended_by_people,
    take_over,
    warm_pool,
)
from slipway.hooks.fleet.inheritance.words import short
from slipway.hooks.fleet.scaling_rules import copy_rules
from slipway.hooks.fleet.traffic_sources import Source, behind, sources_of

LATTICE = "arn:aws:vpc-lattice:eu-west-1:1:targetgroup/tg-1"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/internal/1"
TOPIC = "arn:aws:sns:eu-west-1:1:fleet"


@pytest.fixture
def scaling() -> Iterator[tuple[Any, Stubber]]:
    make: Any = boto3.client
    client = make(
        "autoscaling", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def test_other_traffic_sources_are_attached_and_detached_as_what_they_are(
    scaling: tuple[Any, Stubber],
) -> None:
    client, stub = scaling
    group = {
        "TargetGroupARNs": [GROUP],
        "LoadBalancerNames": ["old"],
        "TrafficSources": [
            {"Identifier": GROUP, "Type": "elbv2"},
            {"Identifier": "old", "Type": "elb"},
            {"Identifier": LATTICE, "Type": "vpc-lattice"},
        ],
    }
    found = sources_of(group)
    assert [(one.kind, one.name) for one in found] == [
        ("elb", "old"),
        ("elbv2", "internal"),
        ("vpc-lattice", LATTICE),
    ]
    named = {"AutoScalingGroupName": "shop"}
    lattice = {**named, "TrafficSources": [{"Identifier": LATTICE, "Type": "vpc-lattice"}]}
    for call in ("attach", "detach"):
        stub.add_response(f"{call}_load_balancers", {}, {**named, "LoadBalancerNames": ["old"]})
        stub.add_response(
            f"{call}_load_balancer_target_groups", {}, {**named, "TargetGroupARNs": [GROUP]}
        )
        stub.add_response(f"{call}_traffic_sources", {}, lattice)
        getattr(traffic_sources, call)(client, "shop", found)


def test_a_source_without_its_kind_is_known_by_its_name() -> None:
    named = [{"Identifier": one} for one in (GROUP, LATTICE, "old")]
    kinds = {one.key: one.kind for one in sources_of({"TrafficSources": named})}
    assert kinds == {GROUP: "elbv2", LATTICE: "vpc-lattice", "old": "elb"}


def test_a_balancer_that_calls_nobody_healthy_holds_nobody_up() -> None:
    source = Source(kind="elbv2", key=GROUP)
    assert behind({source: {"i-old": "healthy"}}, ["i-new"]) == ("i-new in internal: unknown",)
    assert behind({source: {"i-old": "unhealthy"}}, ["i-new"]) == ()
    assert behind({source: {}}, ["i-new"]) == ()


def test_a_warm_pool_goes_over_unless_it_is_going_away(scaling: tuple[Any, Stubber]) -> None:
    client, stub = scaling
    pool: dict[str, Any] = {
        "MinSize": 0,
        "PoolState": "Hibernated",
        "MaxGroupPreparedCapacity": 4,
        "InstanceReusePolicy": {"ReuseOnScaleIn": True},
    }
    assert warm_pool({"WarmPoolConfiguration": {**pool, "Status": "PendingDelete"}}) == {}
    stub.add_response("put_warm_pool", {}, {"AutoScalingGroupName": "new", **pool})
    put_warm_pool(lambda _: client, "new", warm_pool({"WarmPoolConfiguration": pool}))
    put_warm_pool(lambda _: client, "new", {})


def _held(*processes: str, held: str = "") -> dict[str, Any]:
    return {
        "AutoScalingGroupName": "old",
        "SuspendedProcesses": [{"ProcessName": one, "SuspensionReason": "x"} for one in processes],
        "Tags": [{"Key": "slipway:held", "Value": held}],
    }


def test_what_slipway_holds_is_not_what_people_suspended() -> None:
    group = _held("AZRebalance", "AlarmNotification", held="AlarmNotification")
    assert suspended_by_people(group) == ["AZRebalance"]


def test_nothing_suspended_is_not_all_there_is(scaling: tuple[Any, Stubber]) -> None:
    """Auto Scaling takes an empty list for every process."""
    suspend(lambda _: scaling[0], _held(), [])


def test_a_fleet_whose_launches_are_suspended_can_be_replaced(scaling: tuple[Any, Stubber]) -> None:
    client, stub = scaling
    sent = {"AutoScalingGroupName": "old", "TopicARN": TOPIC, "NotificationType": "n"}
    stub.add_response(
        "describe_notification_configurations", {"NotificationConfigurations": [sent]}
    )
    stub.add_response(
        "put_notification_configuration",
        {},
        {"AutoScalingGroupName": "new", "TopicARN": TOPIC, "NotificationTypes": ["n"]},
    )
    stub.add_response(
        "suspend_processes",
        {},
        {"AutoScalingGroupName": "new", "ScalingProcesses": ["AZRebalance"]},
    )
    take_over(
        lambda _: client,
        lambda _: client,
        source=_held("Launch", "Terminate", "AZRebalance"),
        group={"AutoScalingGroupName": "new"},
        drop=frozenset(),
    )


def _rules(monkeypatch: pytest.MonkeyPatch, policies: list[dict[str, Any]]) -> None:
    kinds = {
        "hooks": [],
        "schedules": [],
        "policies": policies,
        "metrics": {},
        "health_check": {},
        "notifications": {},
        "suspended_processes": [],
        "warm_pool": {},
    }
    monkeypatch.setattr("slipway.hooks.fleet.scaling_rules.found_rules", lambda *_: kinds)


def test_every_kind_of_scaling_policy_is_taken_by_aws(
    scaling: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, stub = scaling
    label = {"PredefinedMetricType": "ASGCPUUtilization"}
    predictive = {
        "PolicyName": "ahead",
        "PolicyType": "PredictiveScaling",
        "Enabled": True,
        "PredictiveScalingConfiguration": {
            "MetricSpecifications": [
                {
                    "TargetValue": 40.0,
                    "PredefinedMetricPairSpecification": label,
                    "CustomizedLoadMetricSpecification": {
                        "MetricDataQueries": [
                            {"Id": "a", "Expression": "SEARCH('Group=\"old\" old-2', 'Sum', 300)"}
                        ]
                    },
                }
            ],
            "Mode": "ForecastAndScale",
        },
    }
    simple = {
        "PolicyName": "up",
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": 1,
        "Cooldown": 60,
    }
    _rules(monkeypatch, [predictive, simple])
    seen: list[dict[str, Any]] = []
    client.meta.events.register(
        "provide-client-params.autoscaling.PutScalingPolicy",
        lambda params, **_: seen.append(params),
    )
    for _ in range(2):
        stub.add_response("put_scaling_policy", {})
    copy_rules(
        lambda _: client,
        lambda _: client,
        source={"AutoScalingGroupName": "old"},
        group={"AutoScalingGroupName": "new"},
    )
    assert [one["AutoScalingGroupName"] for one in seen] == ["new", "new"]
    [query] = seen[0]["PredictiveScalingConfiguration"]["MetricSpecifications"][0][
        "CustomizedLoadMetricSpecification"
    ]["MetricDataQueries"]
    assert query["Expression"] == "SEARCH('Group=\"new\" old-2', 'Sum', 300)"


def test_machines_count_by_their_weights() -> None:
    raw = {
        "AutoScalingGroupName": "g",
        "MinSize": 1,
        "MaxSize": 16,
        "DesiredCapacity": 8,
        "CreatedTime": datetime(2024, 1, 1, tzinfo=UTC),
        "TargetGroupARNs": [GROUP],
        "Instances": [
            {"InstanceId": f"i-{n}", "LifecycleState": "InService", "WeightedCapacity": "4"}
            for n in range(2)
        ],
    }
    group = server_group(raw, key=GROUP, health={"i-0": "healthy", "i-1": "healthy"}, addresses={})
    assert (group.serving, group.up, group.in_service, group.further) == (8, 8, True, False)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Enabled": True}, "Enabled"),
        ({"CpuCredits": "unlimited"}, "unlimited"),
        (1, "1"),
        ({TOPIC: ["a", "b"]}, TOPIC),
        ([{"PolicyName": "up"}, {"PolicyName": "down"}], "up, down"),
        ("x" * 200, "x" * 120 + "..."),
        ({"A": {"B": 1, "C": True}, "D": 0}, "A B 1, C, D 0"),
    ],
)
def test_values_are_said_shortly(value: Any, words: str) -> None:
    assert short(value) == words
