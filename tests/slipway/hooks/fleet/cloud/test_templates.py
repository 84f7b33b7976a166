"""Launch templates: ours, left behind, replaced, and gone with their group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.fleet.launch_templates import make_template
from slipway.hooks.fleet.new_group import new_group
from tests.slipway.hooks.fleet.cloud import clouds
from tests.slipway.hooks.fleet.cloud.clouds import TAGS, client, image_of, launch

if TYPE_CHECKING:
    from slipway.hooks.fleet.cloud import FleetCloud
    from slipway.model.cloud.launch import Launch

cloud = clouds.cloud


@pytest.mark.parametrize(
    ("key", "readable"),
    [("team", "enabled"), ("Cost Center", "disabled"), ("kubernetes.io/x", "disabled")],
)
def test_a_tag_that_the_metadata_service_does_not_take_keeps_no_machine_from_starting(
    cloud: FleetCloud, key: str, readable: str
) -> None:
    cloud.launch(launch(name="by-hand", tags={key: "x"}))
    cloud.launch(launch(like="by-hand"))
    assert _template_data()["MetadataOptions"]["InstanceMetadataTags"] == readable


def test_a_left_template_whose_machines_could_not_start_is_made_anew(cloud: FleetCloud) -> None:
    for word in ("enabled", "disabled"):
        data = {"ImageId": image_of("first"), "MetadataOptions": {"InstanceMetadataTags": word}}
        make_template(client("ec2"), launch(), data, lambda: None)
        assert _template_data()["MetadataOptions"]["InstanceMetadataTags"] == word


def template_of(launch: Launch) -> None:
    data = new_group(client, launch, None).template
    make_template(client("ec2"), launch, data, lambda: None)


def _template_data() -> Any:
    data = client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    return data["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def test_every_volume_is_encrypted(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    volumes = client("ec2").describe_volumes()["Volumes"]
    image = client("ec2").describe_images(ImageIds=[image_of("first")])["Images"][0]
    data = client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    disks = data["LaunchTemplateVersions"][0]["LaunchTemplateData"]["BlockDeviceMappings"]
    there = [disk["DeviceName"] for disk in image["BlockDeviceMappings"]]
    assert [disk["DeviceName"] for disk in disks] == there
    assert all(disk["Ebs"]["Encrypted"] for disk in disks)
    assert all(disk["Ebs"]["DeleteOnTermination"] for disk in disks)
    assert [volume for volume in volumes if volume["Encrypted"]]


@pytest.mark.parametrize(
    ("code", "fine"), [("AlreadyExists", True), ("LimitExceeded", False), ("Other", False)]
)
def test_a_group_that_exists_is_compared_at_the_next_look(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch, code: str, fine: bool
) -> None:
    """Unlike AWS, moto makes a second group of a name."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "CreateAutoScalingGroup")

    monkeypatch.setattr(client("autoscaling"), "create_auto_scaling_group", refuse)
    if fine:
        cloud.launch(launch())
    else:
        with pytest.raises(EnvironmentMisconfigured, match=code):
            cloud.launch(launch())


def test_a_template_of_an_earlier_bake_is_replaced(cloud: FleetCloud) -> None:
    first, second = image_of("first"), image_of("second")
    template_of(launch(image_id=first))
    cloud.launch(launch(image_id=second))
    data = client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    assert data["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] == second


def test_a_template_of_an_earlier_form_of_the_project_file_is_replaced(cloud: FleetCloud) -> None:
    template_of(launch())
    asked: list[int] = []
    again, larger = launch(), launch(instance_type="t3.large")
    data = new_group(client, again, None).template
    make_template(client("ec2"), again, data, lambda: asked.append(1))
    assert len(asked) == 1
    data = new_group(client, larger, None).template
    make_template(client("ec2"), larger, data, lambda: asked.append(1))
    assert _template_data()["InstanceType"] == "t3.large"
    # Before the call that finds it, before the removal, and before it is made again.
    assert len(asked) == 4


def test_names_that_are_the_same_when_joined_do_not_meet(cloud: FleetCloud) -> None:
    """The project ``shop`` on ``dev-eu``, and the project ``shop-dev`` on ``eu``."""
    theirs = {**TAGS, "slipway:project": "shop-dev", "slipway:environment": "eu"}
    mine = {**TAGS, "slipway:environment": "dev-eu"}
    template_of(launch(name="shop-dev-eu-1", tags=theirs))
    with pytest.raises(EnvironmentMisconfigured, match="project shop-dev, environment eu"):
        cloud.launch(launch(name="shop-dev-eu-1", tags=mine, image_id=image_of("second")))
    ec2 = client("ec2")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    assert {"Key": "slipway:project", "Value": "shop-dev"} in template["Tags"]


def test_removal_takes_the_template_along(cloud: FleetCloud) -> None:
    cloud.launch(launch())
    assert cloud.observe().templates == ("shop-dev-1",)
    for _ in range(2):
        cloud.delete("shop-dev-1")
    fleet = cloud.observe()
    assert (fleet.groups, fleet.templates) == ((), ())


def test_a_template_without_a_group_is_seen(cloud: FleetCloud) -> None:
    template_of(launch())
    template_of(launch(name="x", tags={**TAGS, "slipway:environment": "prod"}))
    assert cloud.observe().orphans == ("shop-dev-1",)


def test_a_template_that_a_copy_made_by_hand_launches_from_is_no_orphan(cloud: FleetCloud) -> None:
    specification = {"LaunchTemplateName": "shop-dev-1", "Version": "1"}
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": specification}}
    for source in ({"LaunchTemplate": specification}, {"MixedInstancesPolicy": mixed}):
        template_of(launch())
        assert cloud.observe().orphans == ("shop-dev-1",)
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="copy",
            MinSize=0,
            MaxSize=1,
            AvailabilityZones=["eu-west-1a"],
            **source,
        )
        assert cloud.observe().orphans == ()
        client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="copy")
