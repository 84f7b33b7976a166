"""A small account in moto, for what only the real calls can show."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3

from include.localcloud.compute.group_notifications import keep_notifications
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.cloud.launch import Launch

TAGS = {"slipway:project": "shop", "slipway:environment": "dev"}


@lru_cache
def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


def furnish() -> None:
    """Make an image, named subnets, a security group and a target group."""
    keep_notifications()
    ec2 = client("ec2")
    ec2.register_image(Name="image", Architecture="x86_64")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for name, subnet in zip("ab", ec2.describe_subnets()["Subnets"], strict=False):
        ec2.create_tags(Resources=[subnet["SubnetId"]], Tags=[{"Key": "Name", "Value": name}])
    ec2.create_security_group(GroupName="app", Description="d", VpcId=vpc)
    client("elbv2").create_target_group(Name="shop-dev", Protocol="HTTP", Port=80, VpcId=vpc)


def fleet(**more: Any) -> FleetCloud:
    fields = {"project": "shop", "environment": "dev", "target_group": "shop-dev"}
    return FleetCloud(client, **(fields | more))


def launch(version: str, **more: Any) -> Launch:
    fields: dict[str, Any] = {
        "name": f"shop-dev-{version}",
        "instance_type": "t3.micro",
        "subnets": ("a",),
        "security_groups": ("app",),
        "profile": None,
        "user_data": "",
        "size": (1, 2, 4),
        "tags": {**TAGS, "slipway:version": version},
    }
    if "image_id" not in more:
        fields["image_id"] = image()
    return Launch(**(fields | more))


def image() -> str:
    return str(client("ec2").describe_images(Owners=["self"])["Images"][0]["ImageId"])


def subnet(name: str) -> str:
    named = [{"Name": "tag:Name", "Values": [name]}]
    return str(client("ec2").describe_subnets(Filters=named)["Subnets"][0]["SubnetId"])


def described(name: str) -> dict[str, Any]:
    answer = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    found: dict[str, Any] = answer["AutoScalingGroups"][0]
    return found
