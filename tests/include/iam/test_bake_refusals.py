"""Requests that somebody with dev's right to bake would make, and what IAM says to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.iam.bake_role import bake_role
from tests.include.iam.evaluator import Request, allowed
from tests.include.iam.requests import ACCOUNT, EC2, context
from tests.include.iam.shop import (
    ADMIN,
    APP,
    BASE,
    BUILDER,
    IMAGE,
    MINE,
    PLACE,
    POLICIES,
    PROD,
    SNAPSHOT,
    STRANGER,
    may,
    may_all,
    tags,
)

CANDIDATE = {"slipway:project": "shop", "slipway:layer": "candidate"}


@pytest.mark.parametrize(
    ("has", "right"),
    [
        (APP, True),
        ({**APP, "slipway:version": "1"}, True),
        (BASE, True),
        ({"slipway:project": "shop-admin", "slipway:layer": "app"}, False),
        ({"Name": "backup of the ledger"}, False),
        ({"Name": "x", "owner": "ops"}, False),
        ({"team": "payments"}, False),
        ({"Team": "payments"}, False),
        ({"ENV": "prod"}, False),
        ({"backup": "nightly"}, False),
        ({"aws:backup:source-resource": "x"}, False),
        ({"ebs.csi.aws.com/cluster": "true"}, False),
        ({"slipway:project": "shop-admin"}, False),
        # Half an image of a killed bake, which Packer 1.6 had not tagged yet.
        ({}, True),
    ],
)
def test_images_and_disks_of_others_are_not_deleted(has: dict[str, str], right: bool) -> None:
    assert may("bake", "ec2:DeregisterImage", IMAGE, context(has=has)) is right
    assert may("bake", "ec2:DeleteSnapshot", SNAPSHOT, context(has=has)) is right


@pytest.mark.parametrize(
    ("asks", "has", "right"),
    [
        ({**APP, "Name": "shop-1"}, {}, True),
        ({**BASE, "Name": "base"}, {}, True),
        # Another's image is not made one's own, nor one's own another's.
        (APP, {"slipway:project": "shop-admin", "slipway:layer": "app"}, False),
        (APP, {"Name": "golden"}, False),
        (BASE, {"Name": "golden"}, False),
        (APP, {"team": "payments"}, False),
        (BASE, {"owner": "ops"}, False),
        (APP, {"Ec2ImageBuilderArn": "x"}, False),
        ({"slipway:project": "shop-admin"}, {}, False),
        ({"Name": "x"}, {}, False),
        ({"slipway:layer": "base", "slipway:project": "shop-admin"}, {}, False),
        # An image that is there keeps its tags.
        (APP, APP, False),
        (BASE, BASE, False),
        ({**APP, "slipway:version": "9"}, APP, False),
        ({"slipway:installation": "x"}, APP, False),
        (APP, BASE, False),
        (BASE, APP, False),
    ],
)
def test_no_image_is_tagged_but_the_one_that_was_just_made(
    asks: dict[str, str], has: dict[str, str], right: bool
) -> None:
    assert may("bake", "ec2:CreateTags", IMAGE, context(asks=asks, has=has)) is right
    assert not may("bake", "ec2:DeleteTags", IMAGE, context(asks=asks, has=has))


@pytest.mark.parametrize(
    ("asks", "has", "right"),
    [
        (APP, CANDIDATE, True),
        ({**APP, "slipway:version": "9"}, CANDIDATE, True),
        # It becomes an image of a release and nothing else, and that once.
        (CANDIDATE, CANDIDATE, False),
        ({"slipway:layer": "base"}, CANDIDATE, False),
        ({"slipway:project": "shop"}, CANDIDATE, False),
        (APP, {**CANDIDATE, "slipway:project": "shop-admin"}, False),
        ({**APP, "slipway:project": "shop-admin"}, CANDIDATE, False),
        (APP, {"slipway:layer": "candidate"}, False),
    ],
)
def test_a_candidate_becomes_its_own_projects_image(
    asks: dict[str, str], has: dict[str, str], right: bool
) -> None:
    assert may("bake", "ec2:CreateTags", IMAGE, context(asks=asks, has=has)) is right


def test_no_machine_is_launched_of_a_candidate() -> None:
    for told in (CANDIDATE, {**CANDIDATE, "slipway:version": "1"}):
        has = context(has=told, ec2__Owner=ACCOUNT)
        assert not may("bake", "ec2:RunInstances", IMAGE, has)
        template = f"{EC2}:launch-template/lt-1"
        asked = context(has=told, ec2__Owner=ACCOUNT, ec2__LaunchTemplate=template)
        assert not may("deploy", "ec2:RunInstances", IMAGE, asked)
    assert may("bake", "ec2:DeregisterImage", IMAGE, context(has=CANDIDATE))


def test_a_tag_of_the_accounts_own_makes_a_thing_somebodys_when_the_policies_are_told() -> None:
    has = {"acme:cost": "7"}
    assert may("bake", "ec2:DeleteSnapshot", SNAPSHOT, context(has=has))
    policies = _policies(tag_keys=("acme:cost",))
    for action in ("ec2:DeleteSnapshot", "ec2:CreateTags"):
        told = context(has=has, asks=APP)
        assert not allowed(policies, Request(action=action, resource=SNAPSHOT, context=told))


def test_who_does_not_encrypt_copies_no_image_and_deletes_none_that_is_untagged() -> None:
    policies = _policies(encrypted=False)
    for action, resource in (
        ("ec2:CopyImage", IMAGE),
        ("ec2:CopyImage", SNAPSHOT),
        ("ec2:DeregisterImage", IMAGE),
        ("ec2:DeleteSnapshot", SNAPSHOT),
    ):
        assert may("bake", action, resource)
        assert not allowed(policies, Request(action=action, resource=resource, context=context()))
    told = context(has=APP)
    assert allowed(policies, Request(action="ec2:DeregisterImage", resource=IMAGE, context=told))


def test_another_accounts_image_is_not_copied_into_the_project() -> None:
    for owner, right in ((ACCOUNT, True), ("999999999999", False)):
        assert may("bake", "ec2:CopyImage", IMAGE, context(ec2__Owner=owner)) is right


def _policies(**change: Any) -> tuple[dict[str, Any], ...]:
    return tuple(bake_role(replace(PLACE, **change)).policies().values())


def test_the_disks_of_an_image_are_tagged_with_it_and_once_more() -> None:
    for asks, has, right in (
        (APP, {}, True),
        (APP, APP, True),
        (BASE, BASE, True),
        (BASE, {}, True),
        (APP, {"slipway:project": "shop-admin"}, False),
        (APP, {"Name": "ledger"}, False),
        ({"slipway:project": "shop-admin"}, APP, False),
        (BASE, APP, False),
    ):
        told = context(asks=asks, has=has)
        assert may("bake", "ec2:CreateTags", SNAPSHOT, told) is right, (asks, has)


def test_no_machine_is_imaged_but_its_own_builder() -> None:
    machine = f"{EC2}:instance/i-1"
    for has, right in (
        (BUILDER, True),
        (MINE, False),
        (PROD, False),
        (STRANGER, False),
        (tags(environment="prod", bake="x"), False),
        (tags("shop-admin", bake="x"), False),
        ({"slipway:bake": "x"}, False),
    ):
        for call in ("CreateImage", "TerminateInstances", "StopInstances"):
            assert may("bake", f"ec2:{call}", machine, context(has=has)) is right, (call, has)


def test_an_image_that_is_somebodys_is_not_made_anew() -> None:
    for resource in (IMAGE, SNAPSHOT):
        assert may("bake", "ec2:CreateImage", resource)
        for has in (PROD, ADMIN, APP, BASE, {"Name": "payroll-db", "team": "payments"}):
            assert not may("bake", "ec2:CreateImage", resource, context(has=has)), has


def test_a_machine_is_not_made_a_builder_by_a_tag() -> None:
    machine = f"{EC2}:instance/i-1"
    for has, asks, right in (
        (BUILDER, {"Name": "x"}, True),
        (MINE, {"slipway:bake": "x"}, False),
        (PROD, BUILDER, False),
        (STRANGER, BUILDER, False),
        (BUILDER, PROD, False),
    ):
        told = context(has=has, asks=asks)
        assert may("bake", "ec2:CreateTags", machine, told) is right, (has, asks)
    told = context(asks=BUILDER, ec2__CreateAction="RunInstances")
    assert may("bake", "ec2:CreateTags", machine, told)


def _built(*, asks: dict[str, str] = BUILDER, group: dict[str, str] = BUILDER, **more: Any) -> bool:
    key = more.pop("key", "slipway-bake-shop.dev.0123456789-app")
    image = context(has=more.pop("image", BASE), ec2__Owner=more.pop("owner", ACCOUNT))
    run = [
        (IMAGE, image),
        (f"{EC2}:instance/*", context(asks=asks, **more)),
        (f"{EC2}:volume/*", context(asks=asks)),
        (f"{EC2}:security-group/sg-1", context(has=group)),
        (f"{EC2}:key-pair/{key}", context()),
        (f"{EC2}:network-interface/*", context()),
        (f"{EC2}:subnet/subnet-0z", context()),
    ]
    asked = (Request(action="ec2:RunInstances", resource=what, context=told) for what, told in run)
    return may_all("bake", asked)


def test_a_builder_starts_from_a_base_layer_or_from_the_source() -> None:
    assert _built()
    assert _built(image={}, owner="136693071363")


@pytest.mark.parametrize(
    "change",
    [
        {"image": APP},
        {"image": {"Name": "golden"}},
        {"image": {}},
        {"owner": "999999999999"},
        {"asks": MINE},
        {"asks": PROD},
        {"asks": tags(environment="prod", bake="x")},
        {"group": PROD},
        {"group": MINE},
        {"group": STRANGER},
        {"key": "ops"},
        {"key": "slipway-bake-shop.prod.0123456789-app"},
        {"key": "slipway-bake-shop-admin.dev.0123456789-app"},
        {"ec2__InstanceProfile": f"arn:aws:iam::{ACCOUNT}:instance-profile/shop-dev-app"},
    ],
)
def test_no_other_machine_is_made_a_builder(change: dict[str, Any]) -> None:
    assert not _built(**change)


def test_a_source_image_of_ones_own_is_no_way_into_other_projects_images() -> None:
    role = bake_role(replace(PLACE, source_owner="self"))
    policies = tuple(role.policies().values())
    for has, right in (({"Name": "golden"}, True), (APP, False), (ADMIN, False)):
        told = context(has=has, ec2__Owner=ACCOUNT)
        asked = Request(action="ec2:RunInstances", resource=IMAGE, context=told)
        assert allowed(policies, asked) is right, has


def test_security_groups_are_those_of_its_own_builders() -> None:
    group = f"{EC2}:security-group/sg-1"
    for has, right in ((BUILDER, True), (MINE, False), (PROD, False), (STRANGER, False)):
        for call in ("AuthorizeSecurityGroupIngress", "DeleteSecurityGroup"):
            assert may("bake", f"ec2:{call}", group, context(has=has)) is right
    for call in ("CreateKeyPair", "DeleteKeyPair"):
        for name, right in (
            ("slipway-bake-shop.dev.0-app", True),
            ("slipway-bake-shop.dev-2.0-app", False),
            ("slipway-bake-shop.prod.0-app", False),
            ("ops", False),
        ):
            assert may("bake", f"ec2:{call}", f"{EC2}:key-pair/{name}") is right


def test_no_role_shares_copies_out_or_reads_images_in_another_way() -> None:
    for call in (
        "ModifyImageAttribute",
        "ModifySnapshotAttribute",
        "CreateRestoreImageTask",
        "ExportImage",
        "RegisterImage",
        "CreateVolume",
        "AttachVolume",
        "ModifyInstanceAttribute",
    ):
        for role in POLICIES:
            for resource in (IMAGE, SNAPSHOT, f"{EC2}:instance/i-1"):
                assert not may(role, f"ec2:{call}", resource, context(has=BUILDER))
