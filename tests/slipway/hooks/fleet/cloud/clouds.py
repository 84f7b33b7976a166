"""A cloud that moto plays, with fleets in it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from include.localcloud.compute.group_notifications import keep_notifications
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.cloud.launch import Launch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.model.fleet import ServerGroup

TAGS = {
    "slipway:project": "shop",
    "slipway:environment": "dev",
    "slipway:version": "1",
    "slipway:image": "ami-1",
}


@lru_cache
def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    keep_notifications()
    with mock_aws():
        ec2 = client("ec2")
        for name in ("first", "second"):
            ec2.register_image(Name=name, Architecture="x86_64")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": "a"}])
        ec2.create_security_group(GroupName="app", Description="d", VpcId=vpc)
        client("elbv2").create_target_group(Name="shop-dev", Protocol="HTTP", Port=80, VpcId=vpc)
        yield fleet()


def fleet(**more: Any) -> FleetCloud:
    fields = {"project": "shop", "environment": "dev", "target_group": "shop-dev"}
    return FleetCloud(client, **(fields | more))


def launch(**more: Any) -> Launch:
    fields: dict[str, Any] = {
        "name": "shop-dev-1",
        "image_id": image_of("first"),
        "instance_type": "t3.micro",
        "subnets": ("a",),
        "security_groups": ("app",),
        "profile": None,
        "user_data": "",
        "size": (1, 2, 4),
        "tags": TAGS,
    }
    return Launch(**(fields | more))


def image_of(name: str) -> str:
    named = [{"Name": "name", "Values": [name]}]
    return str(client("ec2").describe_images(Filters=named)["Images"][0]["ImageId"])


def only(cloud: FleetCloud) -> ServerGroup:
    (group,) = cloud.observe().groups
    return group
