"""Against moto: the calls are well formed, repeatable, and read back as they were meant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from include.localcloud.compute.group_notifications import keep_notifications
from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.hooks.fleet.launch_templates import make_template
from slipway.hooks.fleet.new_group import new_group
from slipway.model.cloud.launch import Launch
from slipway.model.fleet import SCALING, ServerGroup

TAGS = {
    "slipway:project": "shop",
    "slipway:environment": "dev",
    "slipway:version": "1",
    "slipway:image": "ami-1",
}


@lru_cache
def _client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    keep_notifications()
    with mock_aws():
        ec2 = _client("ec2")
        for name in ("first", "second"):
            ec2.register_image(Name=name, Architecture="x86_64")
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": "a"}])
        ec2.create_security_group(GroupName="app", Description="d", VpcId=vpc)
        _client("elbv2").create_target_group(Name="shop-dev", Protocol="HTTP", Port=80, VpcId=vpc)
        yield _fleet()


def _fleet(**more: Any) -> FleetCloud:
    fields = {"project": "shop", "environment": "dev", "target_group": "shop-dev"}
    return FleetCloud(_client, **(fields | more))


def _launch(**more: Any) -> Launch:
    fields: dict[str, Any] = {
        "name": "shop-dev-1",
        "image_id": _image("first"),
        "instance_type": "t3.micro",
        "subnets": ("a",),
        "security_groups": ("app",),
        "profile": None,
        "user_data": "",
        "size": (1, 2, 4),
        "tags": TAGS,
    }
    return Launch(**(fields | more))


def _image(name: str) -> str:
    named = [{"Name": "name", "Values": [name]}]
    return str(_client("ec2").describe_images(Filters=named)["Images"][0]["ImageId"])


def _only(cloud: FleetCloud) -> ServerGroup:
    (group,) = cloud.observe().groups
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
    assert template["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "InstanceMetadataTags": "enabled",
    }


@pytest.mark.parametrize(
    ("key", "readable"),
    [("team", "enabled"), ("Cost Center", "disabled"), ("kubernetes.io/x", "disabled")],
)
def test_a_tag_that_the_metadata_service_does_not_take_keeps_no_machine_from_starting(
    cloud: FleetCloud, key: str, readable: str
) -> None:
    cloud.launch(_launch(name="by-hand", tags={key: "x"}))
    cloud.launch(_launch(like="by-hand"))
    assert _template_data()["MetadataOptions"]["InstanceMetadataTags"] == readable


def test_a_left_template_whose_machines_could_not_start_is_made_anew(cloud: FleetCloud) -> None:
    for word in ("enabled", "disabled"):
        data = {"ImageId": _image("first"), "MetadataOptions": {"InstanceMetadataTags": word}}
        make_template(_client("ec2"), _launch(), data, lambda: None)
        assert _template_data()["MetadataOptions"]["InstanceMetadataTags"] == word


def _template(launch: Launch) -> None:
    data = new_group(_client, launch, None).template
    make_template(_client("ec2"), launch, data, lambda: None)


def _template_data() -> Any:
    data = _client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    return data["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def test_every_volume_is_encrypted(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    volumes = _client("ec2").describe_volumes()["Volumes"]
    image = _client("ec2").describe_images(ImageIds=[_image("first")])["Images"][0]
    data = _client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
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

    monkeypatch.setattr(_client("autoscaling"), "create_auto_scaling_group", refuse)
    if fine:
        cloud.launch(_launch())
    else:
        with pytest.raises(EnvironmentMisconfigured, match=code):
            cloud.launch(_launch())


def test_a_template_of_an_earlier_bake_is_replaced(cloud: FleetCloud) -> None:
    first, second = _image("first"), _image("second")
    _template(_launch(image_id=first))
    cloud.launch(_launch(image_id=second))
    data = _client("ec2").describe_launch_template_versions(LaunchTemplateName="shop-dev-1")
    assert data["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] == second


def test_a_template_of_an_earlier_form_of_the_project_file_is_replaced(cloud: FleetCloud) -> None:
    _template(_launch())
    asked: list[int] = []
    again, larger = _launch(), _launch(instance_type="t3.large")
    data = new_group(_client, again, None).template
    make_template(_client("ec2"), again, data, lambda: asked.append(1))
    assert len(asked) == 1
    data = new_group(_client, larger, None).template
    make_template(_client("ec2"), larger, data, lambda: asked.append(1))
    assert _template_data()["InstanceType"] == "t3.large"
    # Before the call that finds it, before the removal, and before it is made again.
    assert len(asked) == 4


def test_names_that_are_the_same_when_joined_do_not_meet(cloud: FleetCloud) -> None:
    """The project ``shop`` on ``dev-eu``, and the project ``shop-dev`` on ``eu``."""
    theirs = {**TAGS, "slipway:project": "shop-dev", "slipway:environment": "eu"}
    mine = {**TAGS, "slipway:environment": "dev-eu"}
    _template(_launch(name="shop-dev-eu-1", tags=theirs))
    with pytest.raises(EnvironmentMisconfigured, match="project shop-dev, environment eu"):
        cloud.launch(_launch(name="shop-dev-eu-1", tags=mine, image_id=_image("second")))
    ec2 = _client("ec2")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    assert {"Key": "slipway:project", "Value": "shop-dev"} in template["Tags"]


@pytest.mark.parametrize(("tags", "whose"), [({"Name": "x"}, "nobody that is noted"), (TAGS, "")])
def test_a_group_of_our_name_is_ours_only_by_its_tags(
    cloud: FleetCloud, tags: dict[str, str], whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unlike AWS, moto makes a second group of a name."""
    cloud.launch(_launch(tags=tags))
    cloud.delete_template("shop-dev-1")

    def refuse(**_: Any) -> None:

        code = "AlreadyExists"
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "CreateAutoScalingGroup")

    monkeypatch.setattr(_client("autoscaling"), "create_auto_scaling_group", refuse)
    if whose:
        with pytest.raises(EnvironmentMisconfigured, match=whose):
            cloud.launch(_launch())
    else:
        cloud.launch(_launch())


def test_in_and_out_of_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    cloud.attach("shop-dev-1")
    assert _only(cloud).attached
    cloud.detach("shop-dev-1")
    assert not _only(cloud).attached


def test_out_of_the_balancer_twice(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    cloud.attach("shop-dev-1")
    cloud.detach("shop-dev-1")
    cloud.detach("shop-dev-1")
    assert not _only(cloud).attached


def test_holding_scaling_leaves_what_others_suspended(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    _client("autoscaling").suspend_processes(
        AutoScalingGroupName="shop-dev-1", ScalingProcesses=["Terminate"]
    )
    for _ in range(2):
        cloud.suspend_scaling("shop-dev-1", SCALING)
    assert _only(cloud).suspended == SCALING | {"Terminate"}
    assert _only(cloud).held == SCALING
    for _ in range(2):
        cloud.resume_scaling("shop-dev-1", SCALING)
    assert _only(cloud).suspended == {"Terminate"}
    assert not _only(cloud).held


def test_nothing_to_hold_is_not_everything(cloud: FleetCloud) -> None:
    """Auto Scaling reads an empty list as all the processes that there are."""
    cloud.launch(_launch())
    cloud.suspend_scaling("shop-dev-1", frozenset())
    assert not _only(cloud).suspended
    cloud.suspend_scaling("shop-dev-1", SCALING)
    cloud.resume_scaling("shop-dev-1", frozenset())
    assert _only(cloud).suspended == SCALING


def test_notes_survive_the_one_who_wrote_them(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    assert (_only(cloud).image_id, _only(cloud).live_since) == ("ami-1", None)
    cloud.mark_live("shop-dev-1", 1000)
    cloud.mark_standby("shop-dev-1", 1234)
    group = _only(_fleet())
    assert (group.live_since, group.standby_until) == (1000, 1234)
    for _ in range(2):
        cloud.mark_standby("shop-dev-1", None)
    assert _only(cloud).standby_until is None


def test_a_note_edited_by_hand_is_no_note(cloud: FleetCloud) -> None:
    cloud.launch(_launch(tags={**TAGS, "slipway:standby-until": "tomorrow"}))
    assert _only(cloud).standby_until is None


def test_a_resize(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    cloud.resize("shop-dev-1", (1, 3, 5))
    group = _only(cloud)
    assert (group.min_size, group.desired, group.max_size) == (1, 3, 5)
    assert len(group.machines) == 3


def test_removal_takes_the_template_along(cloud: FleetCloud) -> None:
    cloud.launch(_launch())
    assert cloud.observe().templates == ("shop-dev-1",)
    for _ in range(2):
        cloud.delete("shop-dev-1")
    fleet = cloud.observe()
    assert (fleet.groups, fleet.templates) == ((), ())


def test_a_template_without_a_group_is_seen(cloud: FleetCloud) -> None:
    _template(_launch())
    _template(_launch(name="x", tags={**TAGS, "slipway:environment": "prod"}))
    assert cloud.observe().orphans == ("shop-dev-1",)


def test_a_template_that_a_copy_made_by_hand_launches_from_is_no_orphan(cloud: FleetCloud) -> None:
    specification = {"LaunchTemplateName": "shop-dev-1", "Version": "1"}
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": specification}}
    for source in ({"LaunchTemplate": specification}, {"MixedInstancesPolicy": mixed}):
        _template(_launch())
        assert cloud.observe().orphans == ("shop-dev-1",)
        _client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="copy",
            MinSize=0,
            MaxSize=1,
            AvailabilityZones=["eu-west-1a"],
            **source,
        )
        assert cloud.observe().orphans == ()
        _client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="copy")


def test_more_machines_than_one_filter_takes(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.hooks.fleet.cloud._FILTER_VALUES", 2)
    cloud.launch(_launch(size=(5, 5, 5)))
    assert len({machine.address for machine in _only(cloud).machines} - {None}) == 5


def test_trouble_never_hides_the_failure_it_explains(cloud: FleetCloud) -> None:
    assert cloud.launch_failure("shop-dev-1") == ""


def test_other_projects_are_not_seen_even_on_the_same_balancer(cloud: FleetCloud) -> None:
    tags = {"slipway:project": "other", "slipway:environment": "dev", "slipway:version": "1"}
    cloud.launch(_launch(name="other-dev-1", tags=tags))
    cloud.attach("other-dev-1")
    fleet = cloud.observe()
    assert (fleet.groups, fleet.templates) == ((), ())


def test_a_fleet_made_by_hand_is_seen_through_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(_launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.attach("by-hand")
    assert _only(cloud).version is None


def test_a_fleet_made_by_hand_is_not_lost_from_sight_while_it_is_held(cloud: FleetCloud) -> None:
    cloud.launch(_launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.attach("by-hand")
    cloud.suspend_scaling("by-hand", frozenset({"AZRebalance"}))
    cloud.detach("by-hand")
    assert _only(cloud).held == {"AZRebalance"}
    assert _only(cloud).version is None


def test_where_two_environments_share_a_balancer_nobody_adopts(cloud: FleetCloud) -> None:
    cloud.launch(_launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.launch(_launch(name="shop-prod-1", tags={**TAGS, "slipway:environment": "prod"}))
    cloud.launch(_launch())
    for group in ("by-hand", "shop-dev-1", "shop-prod-1"):
        cloud.attach(group)
    assert _only(cloud).name == "shop-dev-1"
    prod = _fleet(environment="prod")
    assert _only(prod).name == "shop-prod-1"
    # Once it says whose it is, it is.
    tags = (
        {"Key": k, "Value": v}
        for k, v in TAGS.items()
        if k in ("slipway:project", "slipway:environment")
    )
    _client("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": "by-hand",
                "ResourceType": "auto-scaling-group",
                "PropagateAtLaunch": False,
                **tag,
            }
            for tag in tags
        ]
    )
    assert {group.name for group in cloud.observe().groups} == {"by-hand", "shop-dev-1"}
    assert _only(prod).name == "shop-prod-1"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"subnets": ("b",)}, "no subnet 'b'"),
        ({"security_groups": ("ap",)}, "did you mean 'app'"),
        ({"image_id": "ami-00000000"}, r"no machine image 'ami-00000000'(?s:.*)bake_image"),
    ],
)
def test_names_that_the_cloud_does_not_know(
    cloud: FleetCloud, more: dict[str, Any], expected: str
) -> None:
    with pytest.raises(EnvironmentMisconfigured, match=expected):
        cloud.launch(_launch(**more))


def test_a_target_group_that_is_not_there(cloud: FleetCloud) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="did you mean 'shop-dev'"):
        _fleet(target_group="shop-de").observe()


def test_a_classic_balancer(cloud: FleetCloud) -> None:
    _client("elb").create_load_balancer(
        LoadBalancerName="shop-classic",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=["eu-west-1a"],
    )
    classic = _fleet(target_group=None, load_balancer="shop-classic")
    classic.launch(_launch())
    assert not _only(classic).attached
    classic.attach("shop-dev-1")
    group = _only(classic)
    assert group.attached
    assert group.serving == 2
    assert classic.is_in_service(group.machines[0].instance_id)
    assert not classic.is_in_service("i-0123456789abcdef0")
    classic.detach("shop-dev-1")
    assert not _only(classic).attached
    with pytest.raises(EnvironmentMisconfigured, match="did you mean 'shop-classic'"):
        _fleet(target_group=None, load_balancer="shop-clasic").observe()


def test_only_what_is_needed_is_asked(cloud: FleetCloud) -> None:
    asked: list[str] = []

    def client(service: str) -> Any:
        asked.append(service)
        return _client(service)

    FleetCloud(client, project="shop", environment="dev", target_group="shop-dev").observe()
    assert set(asked) == {"autoscaling", "ec2", "elbv2"}
