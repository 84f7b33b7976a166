"""Requests that somebody with dev's right to deploy would make, and what IAM says to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.include.iam.evaluator import allowed
from tests.include.iam.requests import ACCOUNT, EC2, GROUPS, REGION, context, parts
from tests.include.iam.shop import (
    ADMIN,
    ALARM,
    APP,
    BASE,
    DEV2,
    GROUP,
    IMAGE,
    MINE,
    PARAMETER,
    POLICIES,
    PROD,
    SNAPSHOT,
    STRANGER,
    TARGETS,
    may,
    may_all,
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


GIVEN: dict[str, Any] = {
    "template_tags": MINE,
    "image_tags": APP,
    "groups": ["sg-0a"],
    "profile": "shop-dev-app",
    "tags": {"instance": MINE, "volume": MINE},
}


def test_its_own_template_is_launched_with_an_image_of_the_project() -> None:
    assert may_all("deploy", parts(**GIVEN))
    assert may_all("deploy", parts(**{**GIVEN, "profile": None}))
    # An image of before images said in whose name they were baked.
    assert may_all("deploy", parts(**{**GIVEN, "image_tags": {**APP, "slipway:version": "1"}}))


@pytest.mark.parametrize(
    "change",
    [
        {"template_tags": PROD},
        {"template_tags": DEV2},
        {"template_tags": STRANGER},
        {"image_tags": STRANGER},
        {"image_tags": BASE},
        {"image_tags": {**APP, "slipway:project": "shop-admin"}},
        {"owner": "999999999999"},
        {"profile": "shop-prod-app"},
        {"profile": "admin"},
        {"profile": "shop-dev-app-2"},
        {"groups": ["sg-0b"]},
        {"groups": ["sg-0a", "sg-0b"]},
        {"subnet": "subnet-0b"},
        {"tags": {"instance": PROD, "volume": MINE}},
        {"tags": {"instance": MINE, "volume": ADMIN}},
    ],
)
def test_no_other_machine_is_launched(change: dict[str, Any]) -> None:
    assert not may_all("deploy", parts(**{**GIVEN, **change}))


def test_no_machine_is_launched_without_a_template() -> None:
    for one in parts(**GIVEN):
        told = {key: value for key, value in one.context.items() if key != "ec2:LaunchTemplate"}
        if one.action == "ec2:RunInstances" and ":launch-template/" not in one.resource:
            assert not allowed(POLICIES["deploy"], replace(one, context=told)), one.resource
    assert not may("deploy", "ec2:RunInstances", f"{EC2}:key-pair/any")


@pytest.mark.parametrize("role", ["bake", "deploy"])
def test_no_machine_is_launched_on_a_network_interface_that_is_there(role: str) -> None:
    """It has an address, and groups, that somebody trusts."""
    template: dict[str, Any] = {"ec2__LaunchTemplate": f"{EC2}:launch-template/lt-0"}
    for name, right in (("*", True), ("eni-0123", False), ("eni-prod", False)):
        interface = f"{EC2}:network-interface/{name}"
        assert may(role, "ec2:RunInstances", interface, context(**template)) is right


def test_a_subnet_that_the_project_file_calls_by_name_is_known_by_its_tag() -> None:
    template: dict[str, Any] = {"ec2__LaunchTemplate": f"{EC2}:launch-template/lt-0"}
    for name, right in (("slipway-b", True), ("slipway-c", False)):
        told = context(has={"Name": name}, **template)
        assert may("deploy", "ec2:RunInstances", f"{EC2}:subnet/subnet-0z", told) is right


def test_templates_are_made_and_deleted_in_its_own_name() -> None:
    template = f"{EC2}:launch-template/lt-0"
    for whose, right in ((MINE, True), (PROD, False), (DEV2, False), (ADMIN, False), ({}, False)):
        told = context(asks=whose)
        assert may("deploy", "ec2:CreateLaunchTemplate", template, told) is right
        told = context(has=whose)
        assert may("deploy", "ec2:DeleteLaunchTemplate", template, told) is right
    for call in ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate"):
        assert not may("deploy", f"ec2:{call}", template, context(has=MINE))


def test_its_machines_are_told_that_they_stand_by_and_nothing_else() -> None:
    machine = f"{EC2}:instance/i-1"
    for has, asks, right in (
        (MINE, {"slipway:standby-until": "1"}, True),
        (PROD, {"slipway:standby-until": "1"}, False),
        (MINE, {"slipway:bake": "x"}, False),
        (MINE, {"slipway:environment": "prod"}, False),
        (MINE, {"slipway:standby-until": "1", "Name": "x"}, False),
        (MINE, {}, False),
    ):
        for call in ("CreateTags", "DeleteTags"):
            told = context(has=has, asks=asks)
            assert may("deploy", f"ec2:{call}", machine, told) is right, (call, has, asks)


def test_deploy_tags_no_image_and_no_snapshot() -> None:
    for resource in (IMAGE, SNAPSHOT):
        for asks in (APP, {"slipway:installation": "x"}):
            for has in (APP, STRANGER):
                told = context(asks=asks, has=has, ec2__CreateAction="RunInstances")
                assert not may("deploy", "ec2:CreateTags", resource, told)


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
