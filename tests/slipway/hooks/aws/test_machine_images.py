"""Against moto's EC2: what is found, and what is swept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.aws.machine_images import BAKE_TAG, ImageCatalogue
from slipway.model.cloud.machine import SourceImage


@pytest.fixture
def ec2() -> Iterator[Any]:
    with mock_aws():
        make: Any = boto3.client
        yield make("ec2", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


def _instance(ec2: Any, **tags: str) -> str:
    pairs = [{"Key": key.replace("_", ":"), "Value": value} for key, value in tags.items()]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    answer = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": pairs}],
    )
    return str(answer["Instances"][0]["InstanceId"])


def test_an_image_is_found_by_all_its_tags(ec2: Any) -> None:
    catalogue = ImageCatalogue(ec2)
    image = ec2.create_image(InstanceId=_instance(ec2, a="b"), Name="one")["ImageId"]
    ec2.create_tags(Resources=[image], Tags=[{"Key": "slipway:layer", "Value": "app"}])
    (found,) = catalogue.matching({"slipway:layer": "app"})
    assert found.image_id == image
    assert found.owner.isdigit()
    assert catalogue.look_up(image) == found
    assert catalogue.look_up("ami-nowhere") is None
    assert catalogue.matching({"slipway:layer": "app", "slipway:playbook": "x"}) == ()


def test_a_complete_image_that_nobody_recorded_keeps_its_name(ec2: Any) -> None:
    """The worker was killed between the bake and the record: the next try must not stumble."""
    catalogue = ImageCatalogue(ec2)
    assert catalogue.free_name("shop-1") == "shop-1"
    for name, tagged in (("shop-1", True), ("shop-1-2", True), ("shop-1-3", False)):
        image = ec2.create_image(InstanceId=_instance(ec2, a="b"), Name=name)["ImageId"]
        if tagged:
            ec2.create_tags(Resources=[image], Tags=[{"Key": "slipway:layer", "Value": "app"}])
    assert catalogue.free_name("shop-1") == "shop-1-3"  # half an image, which the bake sweeps
    assert catalogue.free_name("shop") == "shop"


def test_a_source_that_is_not_there(ec2: Any) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="no image 'debian-99"):
        ImageCatalogue(ec2).source(SourceImage(name="debian-99-*", owner="self"), "")


def test_a_sweep_takes_what_a_killed_try_left_and_nothing_else(ec2: Any) -> None:
    catalogue = ImageCatalogue(ec2)
    ours, other = _instance(ec2, slipway_bake="t-1"), _instance(ec2, slipway_bake="t-2")
    for name in ("t-1", "t-2"):
        ec2.create_key_pair(KeyName=name)
        catalogue.open_group(name, catalogue.ground())
    half = ec2.create_image(InstanceId=ours, Name="shop-1")["ImageId"]
    removed = catalogue.sweep("t-1", "shop-1")
    assert len(removed) == 4
    states = {
        i["InstanceId"]: i["State"]["Name"]
        for r in ec2.describe_instances()["Reservations"]
        for i in r["Instances"]
    }
    assert (states[ours], states[other]) == ("terminated", "running")
    assert [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]] == ["t-2"]
    assert not ec2.describe_images(Filters=[{"Name": "image-id", "Values": [half]}])["Images"]
    assert catalogue.sweep("t-1", "shop-1") == []
    assert BAKE_TAG == "slipway:bake"


@pytest.mark.parametrize("call", ["deregister_image", "delete_snapshot"])
def test_half_an_image_that_the_role_may_not_remove_is_told_with_its_command(
    ec2: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    half = ec2.create_image(InstanceId=_instance(ec2, a="b"), Name="shop-1")["ImageId"]

    def refused(**_: str) -> None:
        raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, call)

    monkeypatch.setattr(ec2, call, refused)
    with pytest.raises(EnvironmentMisconfigured, match=rf"{half} \(shop-1\) is untagged") as caught:
        ImageCatalogue(ec2).sweep("t-1", "shop-1")
    advice = caught.value.advice
    assert f"aws ec2 deregister-image --image-id {half}; aws ec2 delete-snapshot --" in advice


def test_a_finished_image_of_the_same_name_is_kept(ec2: Any) -> None:
    image = ec2.create_image(InstanceId=_instance(ec2, a="b"), Name="shop-1")["ImageId"]
    ec2.create_tags(Resources=[image], Tags=[{"Key": "slipway:layer", "Value": "app"}])
    assert ImageCatalogue(ec2).sweep("t-1", "shop-1") == []


def test_the_builder_is_reached_from_its_own_network_only(ec2: Any) -> None:
    catalogue = ImageCatalogue(ec2)
    ground = catalogue.ground()
    group = catalogue.open_group("t-1", ground)
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    (rule,) = found["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (22, 22)
    assert rule["IpRanges"] == [{"CidrIp": ground.cidr}]


def test_a_builders_group_says_from_its_first_moment_whose_it_is(ec2: Any) -> None:
    catalogue = ImageCatalogue(ec2)
    marks = {"slipway:project": "shop", "slipway:environment": "dev"}
    group = catalogue.open_group("t-1", catalogue.ground(), marks)
    found = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    tags = {one["Key"]: one["Value"] for one in found["Tags"]}
    assert tags == {**marks, BAKE_TAG: "t-1"}
