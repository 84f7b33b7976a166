"""What a killed worker would leave behind in the cloud is found, each kind of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.stack import paths
from include.stack.trial import leftovers
from include.stack.trial.leftovers import MACHINES


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A region in which one fleet serves, and nothing else is there."""
    make: Any = boto3.client
    monkeypatch.setattr(
        leftovers, "client", lambda service: make(service, region_name=paths.REGION)
    )
    monkeypatch.setattr(leftovers, "_in_docker", lambda: iter(()))
    monkeypatch.setattr(leftovers, "_PATIENCE", 0.0)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        client = make("ec2", region_name=paths.REGION)
        client.create_launch_template(
            LaunchTemplateName="guestbook-dev-1", LaunchTemplateData={"InstanceType": "t3.micro"}
        )
        make("autoscaling", region_name=paths.REGION).create_auto_scaling_group(
            AutoScalingGroupName="guestbook-dev-1",
            LaunchTemplate={"LaunchTemplateName": "guestbook-dev-1"},
            MinSize=MACHINES,
            MaxSize=4,
            AvailabilityZones=[f"{paths.REGION}a"],
        )
        yield client


def test_a_fleet_that_serves_is_nothing_left(ec2: Any) -> None:
    assert leftovers.leftovers() == []


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (lambda ec2: ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1), "machine i-"),
        (lambda ec2: ec2.create_key_pair(KeyName="packer_1"), "key pair packer_1"),
        (
            lambda ec2: ec2.create_security_group(
                GroupName="slipway-bake-guestbook.dev.1-app", Description="its machine"
            ),
            "security group slipway-bake-guestbook.dev.1-app",
        ),
        (
            lambda ec2: ec2.create_volume(AvailabilityZone=f"{paths.REGION}a", Size=1),
            "volume vol-",
        ),
        (
            lambda ec2: ec2.create_launch_template(
                LaunchTemplateName="guestbook-dev-0", LaunchTemplateData={}
            ),
            "2 launch templates for 1 groups",
        ),
        (
            lambda ec2: ec2.register_image(Name="guestbook-1", Architecture="x86_64"),
            "half an image ami-",
        ),
    ],
    ids=["machine", "key pair", "security group", "volume", "launch template", "half an image"],
)
def test_what_a_killed_worker_left_is_named(ec2: Any, left: Any, words: str) -> None:
    left(ec2)
    [found] = [one for one in leftovers.leftovers() if words in one]
    assert found.startswith(words)


@pytest.mark.parametrize(("bake", "up"), [("x-app", True), ("x-base", False)])
def test_a_builder_is_up_once_the_applications_machine_runs(ec2: Any, bake: str, up: bool) -> None:
    assert not leftovers.builder_is_up()
    tags = [{"Key": "slipway:bake", "Value": f"slipway-bake-guestbook.dev.{bake}"}]
    ec2.run_instances(
        ImageId="ami-1",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    assert leftovers.builder_is_up() is up
