"""What is not missing: dropped, bought otherwise, warm already, or not to be asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from slipway.exceptions import DatabaseUnavailable, EnvironmentMisconfigured, MachineImageRefused
from slipway.hooks.preflight import look
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.machine import Architecture, Machine
from slipway.model.facts import PackageVariant
from tests.slipway.fleet.moto_cloud import client, subnet
from tests.slipway.operators.preflight import deployments, world
from tests.slipway.operators.preflight.cases import CASES
from tests.slipway.operators.preflight.deployments import LAYERS, SEEN, Way, refusal_of

if TYPE_CHECKING:
    from tests.slipway.operators.preflight.world import Answers

answers = deployments.answers


def test_everything_is_told_at_once(answers: Answers) -> None:
    way = Way(answers, database=replace(SEEN, may_create=False))
    for name in ("target group", "subnet", "security group", "instance type", "parameter"):
        CASES[name][0](way)
    said = refusal_of(way.check)
    assert all(words in said for words in ("shop-dve", "shop-bb", "shop-ap", "t3.mikro", "SESION"))
    assert "\n  6. " in said
    assert "nothing was changed" in said


def _for_arm64(suite: str = "") -> PackageVariant:
    return PackageVariant(
        suite=suite, architecture="arm64", version="2", sha256="e", size=1, artifact="deb/e"
    )


def test_the_package_that_counts_is_the_one_for_the_environments_machines(
    answers: Answers,
) -> None:
    way = Way(answers, image=None, others=(_for_arm64(),))
    way.target["instance_type"] = "t4g.micro"
    way.layers = replace(LAYERS, machine=Machine(architecture=Architecture.ARM64))
    way.check()
    way.dry_run()
    way.layers = replace(LAYERS, machine=Machine())
    assert "package for amd64 is x86_64, and t4g.micro runs arm64" in refusal_of(way.check)


def test_a_release_that_has_no_package_for_the_machines_is_told_once(answers: Answers) -> None:
    lost = MachineImageRefused("shop 2 is no package for bookworm arm64", advice="build one")
    way = Way(answers, image=None, unreadable=lost)
    way.target["instance_type"] = "t4g.micro"
    way.layers = replace(LAYERS, machine=Machine(architecture=Architecture.ARM64))
    said = refusal_of(way.check)
    assert "1. machine image shop 2 is no package for bookworm arm64" in said
    assert "2. " not in said


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("key pair", "key_pair"),
        ("placement group", "placement"),
        ("snapshot of a volume", "volumes"),
        ("capacity reservation", "capacity_reservation"),
        ("type of a mix", "mixed_instances"),
        ("further target group", "balancers"),
        ("further classic balancer", "balancers"),
        ("whom a hook tells", "hooks"),
        ("topic of notifications", "notifications"),
        ("KMS key of an inherited volume that is disabled", "volumes"),
    ],
)
def test_what_the_project_file_drops_is_not_missed(
    answers: Answers, name: str, dropped: str
) -> None:
    way = Way(answers, target={"drop": (dropped,)})
    CASES[name][0](way)
    way.check()
    way.target["drop"] = ("tags",)
    assert f"`instance: {{drop: [{dropped}]}}`" in refusal_of(way.check)


def test_the_key_pair_of_a_launch_configuration_passes_on_as_well(answers: Answers) -> None:
    scaling = client("autoscaling")
    (group,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    plain = {key: one for key, one in group.items() if key != "LaunchTemplate"}
    configured = {**plain, "LaunchConfigurationName": "old"}
    answers.by_call["DescribeAutoScalingGroups"] = lambda _: {"AutoScalingGroups": [configured]}
    answers.by_call["DescribeLaunchConfigurations"] = lambda _: {
        "LaunchConfigurations": [{"LaunchConfigurationName": "old", "KeyName": "shop-gone"}]
    }
    said = refusal_of(Way(answers).check)
    assert "key pair 'shop-gone' of the serving group does not exist" in said


def _serving_group(answers: Answers, **more: Any) -> dict[str, Any]:
    (found,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    group = {**found, **more}
    answers.by_call["DescribeAutoScalingGroups"] = lambda _: {"AutoScalingGroups": [group]}
    return group


def test_a_fleet_that_counts_by_weight_has_fewer_machines_than_units(answers: Answers) -> None:
    group = _serving_group(answers, DesiredCapacity=4000, MaxSize=4000)
    answers.by_call["GetServiceQuota"] = lambda _: {"Quota": {"Value": 12.0}}
    assert "8000 more are needed" in refusal_of(Way(answers).check)
    for one in group["Instances"]:
        one["WeightedCapacity"] = "2000"
    Way(answers).check()


def test_what_is_bought_on_the_spot_market_has_another_quota(answers: Answers) -> None:
    answers.by_call["GetServiceQuota"] = lambda _: {"Quota": {"Value": 3.0}}
    assert "quota of vCPUs" in refusal_of(Way(answers).check)
    template = {"LaunchTemplateSpecification": {"LaunchTemplateName": "shop-dev-1"}}
    mix = {"LaunchTemplate": template, "InstancesDistribution": {"OnDemandBaseCapacity": 0}}
    _serving_group(answers, LaunchTemplate=None, MixedInstancesPolicy=mix)
    Way(answers).check()


def test_a_template_with_a_network_interface_is_asked_about_in_its_own_form(
    answers: Answers,
) -> None:
    """EC2 takes subnet and security groups beside the interface, or in it, and not both."""
    asked: list[dict[str, Any]] = []
    data = {"ImageId": world.image(), "InstanceType": "t3.micro"}
    answers.by_call["DescribeLaunchTemplateVersions"] = lambda _: {
        "LaunchTemplateVersions": [
            {"LaunchTemplateData": {**data, "NetworkInterfaces": [{"DeviceIndex": 0}]}}
        ]
    }
    answers.by_call["RunInstances"] = asked.append
    Way(answers).check()
    (one,) = asked
    assert not {"SubnetId", "SecurityGroupIds"} & set(one)
    (interface,) = one["NetworkInterfaces"]
    assert (interface["SubnetId"], interface["DeviceIndex"]) == (subnet("shop-a"), 0)


READS = (
    "DescribeAutoScalingGroups",
    "DescribeSubnets",
    "DescribeSecurityGroups",
    "DescribeImages",
    "DescribeInstanceTypes",
    "GetInstanceProfile",
    "DescribeAccountLimits",
    "GetServiceQuota",
    "ListServiceQuotas",
    "DescribeParameters",
    "DescribeKey",
    "DescribeKeyPairs",
    "DescribeTags",
    "DescribeAlarms",
    "GetTopicAttributes",
)


@pytest.mark.parametrize("call", [one for one in READS if one != "DescribeAutoScalingGroups"])
def test_what_may_not_be_asked_is_told_and_stops_nobody(
    answers: Answers, call: str, caplog: pytest.LogCaptureFixture
) -> None:
    answers.refuse(call)
    looks, log = Way(answers).preflight(), mock.Mock()
    looks.require_open(looks.image.look.return_value[0], log)
    told = [line.args[0] % line.args[1:] for line in log.call_args_list]
    if call != "GetTopicAttributes":  # of a hook's target nobody says that it was not asked
        assert any(line.startswith("not checked: ") and call in line for line in told), told


def test_a_standby_comes_back_although_nothing_could_be_launched(answers: Answers) -> None:
    """The way back takes seconds, and depends on nothing but the balancer."""
    way = Way(answers, target={"subnets": ("gone",), "profile": "gone", "alarms": ("gone",)})
    group = {**world.TAGS, "slipway:version": "2", "slipway:live-since": "400"}
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="shop-dev-2",
        MinSize=1,
        DesiredCapacity=2,
        MaxSize=4,
        LaunchTemplate={"LaunchTemplateName": "shop-dev-1", "Version": "1"},
        AvailabilityZones=["eu-west-1a"],
        Tags=[
            {
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
                "ResourceId": "shop-dev-2",
                "ResourceType": "auto-scaling-group",
            }
            for key, value in {**group, "slipway:standby-until": "9999999999"}.items()
        ],
    )
    way.check()


def test_a_database_that_is_down_for_a_moment_is_tried_again(answers: Answers) -> None:
    down = replace(SEEN, trouble="lets nobody in: Connection refused", passing=True)
    way = Way(answers, database=down)
    with pytest.raises(DatabaseUnavailable, match="Connection refused"):
        way.check()
    # Somebody waits for the answer to a dry run.
    assert "Connection refused" in refusal_of(way.dry_run)


def test_a_source_image_that_is_missing_is_told_with_the_rest(answers: Answers) -> None:
    lost = EnvironmentMisconfigured("there is no image 'debian'", advice="set source_ami")
    way = Way(answers, image=None, unreadable=lost)
    CASES["subnet"][0](way)
    said = refusal_of(way.check)
    assert "1. machine image there is no image 'debian' (set source_ami)" in said
    assert "2. subnet 'shop-bb'" in said


@pytest.mark.parametrize(
    ("status", "stops"), [(200, False), (403, False), (503, False), (404, True)]
)
def test_an_apt_repository_that_is_not_there_is_found_before_a_bake(
    answers: Answers, status: int, stops: bool
) -> None:
    """Machines may be let in where a worker is not, so only a clear no counts."""
    way = Way(answers, image=None, package="all")
    way.repository = "http://apt.example"
    said = f"HTTP {status}"
    answer = Answer(address="a", healthy=status == 200, said=said)
    with mock.patch.object(look, "probe_url", autospec=True, return_value=answer) as asked:
        if stops:
            words = "apt repository http://apt.example/dists/stable/InRelease answers HTTP 404"
            assert words in refusal_of(way.check)
        else:
            way.check()
    asked.assert_called_once_with("http://apt.example/dists/stable/InRelease", status=200)
