"""Against moto: the calls are well formed, repeatable, and read back as they were meant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.fleet_cloud import FleetCloud, Launch
from slipway.hooks.fleet_view import SCALING

WHERE = {"target_group": "shop-dev", "balancer": None}


@lru_cache
def _client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    with mock_aws():
        _client.cache_clear()
        ec2 = _client("ec2")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": "a"}])
        ec2.create_security_group(GroupName="app", Description="d", VpcId=vpc)
        _client("elbv2").create_target_group(Name="shop-dev", Protocol="HTTP", Port=80, VpcId=vpc)
        yield FleetCloud(_client)


def _launch(**more: Any) -> Launch:
    image = _client("ec2").describe_images()["Images"][0]["ImageId"]
    fields: dict[str, Any] = {
        "name": "shop-dev-1", "image_id": image, "instance_type": "t3.micro", "subnets": ("a",),
        "security_groups": ("app",), "profile": None, "user_data": "", "size": (1, 2, 4),
        "tags": {"slipway:project": "shop", "slipway:environment": "dev", "slipway:version": "1"},
    }  # fmt: skip
    return Launch(**(fields | more))


def _only(cloud: FleetCloud) -> Any:
    (group,) = cloud.observe(project="shop", environment="dev", **WHERE).groups
    return group


def test_a_launch_twice_is_one_group_outside_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    cloud.launch(_launch())
    group = _only(cloud)
    assert (group.version, group.min_size, group.desired, group.max_size) == ("1", 1, 2, 4)
    assert not group.attached
    assert len(group.machines) == 2
    assert all(machine.address for machine in group.machines)
    data = _client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    template = data["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert template["MetadataOptions"]["HttpTokens"] == "required"


def test_a_template_of_an_earlier_bake_is_replaced(cloud: FleetCloud) -> None:
    first, second = (one["ImageId"] for one in _client("ec2").describe_images()["Images"][:2])
    cloud._template(_launch(image_id=first))
    cloud.launch(_launch(image_id=second))
    data = _client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    assert data["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] == second


def test_in_and_out_of_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    cloud.attach("shop-dev-1", **WHERE)
    assert _only(cloud).attached
    cloud.detach("shop-dev-1", **WHERE)
    assert not _only(cloud).attached


def test_scaling_standby_and_removal(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    cloud.suspend_scaling("shop-dev-1")
    cloud.mark_standby("shop-dev-1", 1234)
    group = _only(cloud)
    assert group.suspended >= SCALING
    assert group.standby_until == 1234
    cloud.resume_scaling("shop-dev-1")
    cloud.mark_standby("shop-dev-1", None)
    group = _only(cloud)
    assert not group.suspended & SCALING
    assert group.standby_until is None
    cloud.delete("shop-dev-1")
    cloud.delete("shop-dev-1")
    assert cloud.observe(project="shop", environment="dev", **WHERE).groups == ()
    assert _client("ec2").describe_launch_templates()["LaunchTemplates"] == []


def test_other_projects_are_not_seen_even_on_the_same_balancer(cloud: FleetCloud) -> None:
    tags = {"slipway:project": "other", "slipway:environment": "dev", "slipway:version": "1"}
    cloud.launch(_launch(name="other-dev-1", tags=tags))
    cloud.attach("other-dev-1", **WHERE)
    assert cloud.observe(project="shop", environment="dev", **WHERE).groups == ()


def test_a_fleet_made_by_hand_is_seen_through_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(_launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.attach("by-hand", **WHERE)
    assert _only(cloud).version is None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"subnets": ("b",)}, "no subnet 'b'"),
        ({"security_groups": ("ap",)}, "did you mean 'app'"),
    ],
)
def test_names_that_the_cloud_does_not_know(
    cloud: FleetCloud, more: dict[str, Any], expected: str
) -> None:
    with pytest.raises(EnvironmentMisconfigured, match=expected):
        cloud.launch(_launch(**more))


def test_a_target_group_that_is_not_there(cloud: FleetCloud) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="did you mean 'shop-dev'"):
        cloud.observe(project="shop", environment="dev", target_group="shop-de", balancer=None)
