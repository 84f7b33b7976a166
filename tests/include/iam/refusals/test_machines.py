"""Which machines somebody with dev's right to deploy may launch, and from what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.include.iam.evaluator import allowed
from tests.include.iam.requests import EC2, context, parts
from tests.include.iam.shop import (
    ADMIN,
    APP,
    BASE,
    DEV2,
    IMAGE,
    MINE,
    POLICIES,
    PROD,
    SNAPSHOT,
    STRANGER,
    may,
    may_all,
)

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
