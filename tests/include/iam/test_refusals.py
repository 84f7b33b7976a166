"""Requests that somebody with dev's right to deploy would make, and what IAM says to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.include.iam.requests import ACCOUNT, GROUPS, REGION, context
from tests.include.iam.shop import (
    ADMIN,
    ALARM,
    DEV2,
    GROUP,
    MINE,
    PARAMETER,
    PROD,
    STRANGER,
    TARGETS,
    may,
)


def attach(*targets: str, has: dict[str, str] = MINE) -> bool:
    arns = tuple(f"{TARGETS}/{one}" for one in targets)
    more: dict[str, Any] = {"autoscaling__TargetGroupARNs": arns} if arns else {}
    told = context(has=has, **more)
    return may("deploy", "autoscaling:AttachLoadBalancerTargetGroups", GROUP, told)


def test_its_own_group_hangs_on_its_own_target_group() -> None:
    assert attach("shop-dev/0123")


@pytest.mark.parametrize(
    "targets",
    [
        ("shop-prod/0123",),
        ("shop-dev/0123", "shop-prod/0123"),
        ("shop-dev-2/0123",),
        (),
        ("shop-devil/0123",),
        ("shop/dev/0123",),
    ],
)
def test_its_group_does_not_hang_on_another_environments_target_group(
    targets: tuple[str, ...],
) -> None:
    assert not attach(*targets)


@pytest.mark.parametrize("has", [PROD, DEV2, ADMIN, STRANGER])
def test_another_environments_group_is_not_attached(has: dict[str, str]) -> None:
    assert not attach("shop-dev/0123", has=has)


def test_there_is_no_other_way_to_a_target_group() -> None:
    for action in ("AttachTrafficSources", "DetachTrafficSources"):
        told = context(has=MINE, autoscaling__TrafficSourceIdentifiers=(f"{TARGETS}/shop-prod/1",))
        assert not may("deploy", f"autoscaling:{action}", GROUP, told)
    for action in ("RegisterTargets", "DeregisterTargets", "ModifyListener", "ModifyRule"):
        for target in ("shop-dev/1", "shop-prod/1"):
            name = f"elasticloadbalancing:{action}"
            assert not may("deploy", name, f"{TARGETS}/{target}")


def test_a_classic_balancer_is_its_own_as_well() -> None:
    for names, right in (
        (("shop-dev-classic",), True),
        (("shop-prod",), False),
        (("shop-dev-classic", "x"), False),
        ((), False),
    ):
        more: dict[str, Any] = {"autoscaling__LoadBalancerNames": names} if names else {}
        told = context(has=MINE, **more)
        assert may("deploy", "autoscaling:AttachLoadBalancers", GROUP, told) is right


@pytest.mark.parametrize(
    ("name", "asks", "has", "more", "right"),
    [
        ("shop-dev-1.0", MINE, {}, {}, True),
        ("shop-dev-1.0", PROD, {}, {}, False),
        ("shop-dev-1.0", {}, {}, {}, False),
        ("shop-prod-1.0", MINE, {}, {}, False),
        ("shop-dev-2-1.0", MINE, {}, {}, False),
        ("shop-admin-dev-1.0", MINE, {}, {}, False),
        # A group that is born on a balancer.
        ("shop-dev-1.0", MINE, {}, {"TargetGroupARNs": (f"{TARGETS}/shop-prod/1",)}, False),
        ("shop-dev-1.0", MINE, {}, {"LoadBalancerNames": ("shop-prod",)}, False),
        ("shop-dev-1.0", MINE, {}, {"TrafficSourceIdentifiers": ("x",)}, False),
        # One that is there, and somebody's.
        ("shop-dev-1.0", MINE, DEV2, {}, False),
        # Of a launch configuration, or of a machine: nobody asks whether one may launch that.
        ("shop-dev-1.0", MINE, {}, {"LaunchConfigurationName": "prod-legacy"}, False),
        ("shop-dev-1.0", MINE, {}, {"LaunchTemplateVersionSpecified": None}, False),
        ("shop-dev-1.0", MINE, {}, {"LaunchTemplateVersionSpecified": "false"}, False),
        # In whichever subnet there is.
        ("shop-dev-1.0", MINE, {}, {"VPCZoneIdentifiers": None}, False),
    ],
)
def test_a_group_is_made_in_its_own_name_and_outside_every_balancer(
    name: str, asks: dict[str, str], has: dict[str, str], more: dict[str, Any], right: bool
) -> None:
    given = {"LaunchTemplateVersionSpecified": "true", "VPCZoneIdentifiers": ("subnet-0a",)}
    more = {**given, **more}
    told = context(asks=asks, has=has, **{f"autoscaling__{k}": v for k, v in more.items() if v})
    assert may("deploy", "autoscaling:CreateAutoScalingGroup", f"{GROUPS}/{name}", told) is right


def test_a_group_is_not_passed_off_as_another_environments() -> None:
    tag = "autoscaling:CreateOrUpdateTags"
    assert may("deploy", tag, GROUP, context(has=MINE, asks={"slipway:live-since": "1"}))
    assert may("deploy", tag, GROUP, context(has=MINE, asks=MINE))
    for has, asks in (
        (MINE, PROD),
        (MINE, {"slipway:environment": "prod"}),
        (MINE, {"slipway:project": "x"}),
        (PROD, MINE),
        (DEV2, MINE),
        (PROD, {"slipway:live-since": "1"}),
    ):
        assert not may("deploy", tag, GROUP, context(has=has, asks=asks)), (has, asks)
    untag = "autoscaling:DeleteTags"
    assert may("deploy", untag, GROUP, context(has=MINE, asks={"slipway:held": ""}))
    for asks in ({"slipway:project": ""}, {"slipway:held": "", "slipway:environment": ""}, {}):
        assert not may("deploy", untag, GROUP, context(has=MINE, asks=asks))


def test_its_own_group_is_not_put_on_somebody_elses_launch_configuration() -> None:
    update = "autoscaling:UpdateAutoScalingGroup"
    assert may("deploy", update, GROUP, context(has=MINE))
    told = context(has=MINE, autoscaling__LaunchConfigurationName="prod-legacy")
    assert not may("deploy", update, GROUP, told)


@pytest.mark.parametrize(
    ("name", "has", "right"),
    [
        ("shop-dev-1.0", {}, True),
        ("shop-dev-2-legacy", {}, False),
        ("shop-dev-2-1.0", {}, False),
        ("shop-dev-legacy", {}, False),
        ("shop-devil", {}, False),
        ("shop-dev-1.0", {"team": "payments"}, False),
        ("shop-dev-1.0", {"Env": "prod"}, False),
        ("shop-dev-1.0", {"aws:cloudformation:stack-name": "x"}, False),
    ],
)
def test_an_untagged_group_of_somebody_is_not_adopted_and_then_deleted(
    name: str, has: dict[str, str], right: bool
) -> None:
    group = f"{GROUPS}/{name}"
    told = context(asks=MINE, has=has)
    assert may("deploy", "autoscaling:CreateOrUpdateTags", group, told) is right


def test_a_neighbours_group_is_not_tagged_either_way() -> None:
    for call in ("CreateOrUpdateTags", "DeleteTags"):
        told = context(has=MINE, asks={"slipway:held": ""})
        assert may("deploy", f"autoscaling:{call}", GROUP, told)
        assert not may("deploy", f"autoscaling:{call}", f"{GROUPS}/shop-dev-2-legacy", told)


@pytest.mark.parametrize("has", [PROD, DEV2, ADMIN, STRANGER])
def test_another_environments_group_is_not_changed(has: dict[str, str]) -> None:
    for call in (
        "DeleteAutoScalingGroup",
        "UpdateAutoScalingGroup",
        "SuspendProcesses",
        "DetachLoadBalancerTargetGroups",
        "PutScalingPolicy",
        "PutLifecycleHook",
    ):
        assert not may("deploy", f"autoscaling:{call}", GROUP, context(has=has))


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/slipway-leases/shop/dev", True),
        ("/slipway-leases/shop/prod", False),
        ("/slipway-leases/shop/dev-2", False),
        ("/slipway-leases/shop/dev/x", False),
        ("/slipway-leases/shop-admin/dev", False),
        ("/slipway/shop/dev/DATABASE_URL", False),
    ],
)
def test_the_lease_is_exactly_one_parameter(path: str, right: bool) -> None:
    for call in ("GetParameter", "PutParameter", "DeleteParameter"):
        assert may("deploy", f"ssm:{call}", f"{PARAMETER}{path}") is right


def test_alarms_are_those_of_its_own_groups() -> None:
    for name, right in (
        ("shop-dev-1.0/high", True),
        ("shop-prod-1.0/high", False),
        ("shop-dev-2-1.0/x", False),
        ("shop-dev-eu-1.0/x", False),
        ("shop-devil-1.0/x", False),
        ("errors", False),
        ("shop-admin-dev-1.0/x", False),
    ):
        for call in ("PutMetricAlarm", "DeleteAlarms"):
            assert may("deploy", f"cloudwatch:{call}", f"{ALARM}:{name}") is right, name


def test_its_machines_read_the_settings_of_their_environment_alone() -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    for path, right in (
        ("/slipway/shop/dev", True),
        ("/slipway/shop/dev/X", True),
        ("/slipway/shop/prod", False),
        ("/slipway/shop/dev-2", False),
        ("/slipway/shop/dev-2/X", False),
        ("/slipway/shop", False),
        ("/slipway/shop-admin/dev", False),
        ("/slipway", False),
    ):
        assert may("app", "ssm:GetParametersByPath", f"{PARAMETER}{path}") is right, path
        told = context(kms__ViaService=f"ssm.{REGION}.amazonaws.com")
        told["kms:EncryptionContext:PARAMETER_ARN"] = f"{PARAMETER}{path}/X"
        assert may("app", "kms:Decrypt", key, told) is right, path
