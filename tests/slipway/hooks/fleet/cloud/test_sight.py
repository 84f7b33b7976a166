"""Which groups are seen as an environment's, and which are not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.fleet.cloud import FleetCloud
from tests.slipway.hooks.fleet.cloud import clouds
from tests.slipway.hooks.fleet.cloud.clouds import TAGS, client, fleet, launch, only

cloud = clouds.cloud


@pytest.mark.parametrize(("tags", "whose"), [({"Name": "x"}, "nobody that is noted"), (TAGS, "")])
def test_a_group_of_our_name_is_ours_only_by_its_tags(
    cloud: FleetCloud, tags: dict[str, str], whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unlike AWS, moto makes a second group of a name."""
    cloud.launch(launch(tags=tags))
    cloud.delete_template("shop-dev-1")

    def refuse(**_: Any) -> None:

        code = "AlreadyExists"
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "CreateAutoScalingGroup")

    monkeypatch.setattr(client("autoscaling"), "create_auto_scaling_group", refuse)
    if whose:
        with pytest.raises(EnvironmentMisconfigured, match=whose):
            cloud.launch(launch())
    else:
        cloud.launch(launch())


def test_more_machines_than_one_filter_takes(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.hooks.fleet.cloud._FILTER_VALUES", 2)
    cloud.launch(launch(size=(5, 5, 5)))
    assert len({machine.address for machine in only(cloud).machines} - {None}) == 5


def test_trouble_never_hides_the_failure_it_explains(cloud: FleetCloud) -> None:
    assert cloud.launch_failure("shop-dev-1") == ""


def test_other_projects_are_not_seen_even_on_the_same_balancer(cloud: FleetCloud) -> None:
    tags = {"slipway:project": "other", "slipway:environment": "dev", "slipway:version": "1"}
    cloud.launch(launch(name="other-dev-1", tags=tags))
    cloud.attach("other-dev-1")
    fleet = cloud.observe()
    assert (fleet.groups, fleet.templates) == ((), ())


def test_a_fleet_made_by_hand_is_seen_through_the_balancer(cloud: FleetCloud) -> None:
    cloud.launch(launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.attach("by-hand")
    assert only(cloud).version is None


def test_a_fleet_made_by_hand_is_not_lost_from_sight_while_it_is_held(cloud: FleetCloud) -> None:
    cloud.launch(launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.attach("by-hand")
    cloud.suspend_scaling("by-hand", frozenset({"AZRebalance"}))
    cloud.detach("by-hand")
    assert only(cloud).held == {"AZRebalance"}
    assert only(cloud).version is None


def test_where_two_environments_share_a_balancer_nobody_adopts(cloud: FleetCloud) -> None:
    cloud.launch(launch(name="by-hand", tags={"Name": "by-hand"}))
    cloud.launch(launch(name="shop-prod-1", tags={**TAGS, "slipway:environment": "prod"}))
    cloud.launch(launch())
    for group in ("by-hand", "shop-dev-1", "shop-prod-1"):
        cloud.attach(group)
    assert only(cloud).name == "shop-dev-1"
    prod = fleet(environment="prod")
    assert only(prod).name == "shop-prod-1"
    # Once it says whose it is, it is.
    tags = (
        {"Key": k, "Value": v}
        for k, v in TAGS.items()
        if k in ("slipway:project", "slipway:environment")
    )
    client("autoscaling").create_or_update_tags(
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
    assert only(prod).name == "shop-prod-1"


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
        cloud.launch(launch(**more))


def test_a_target_group_that_is_not_there(cloud: FleetCloud) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="did you mean 'shop-dev'"):
        fleet(target_group="shop-de").observe()


def test_a_classic_balancer(cloud: FleetCloud) -> None:
    client("elb").create_load_balancer(
        LoadBalancerName="shop-classic",
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=["eu-west-1a"],
    )
    classic = fleet(target_group=None, load_balancer="shop-classic")
    classic.launch(launch())
    assert not only(classic).attached
    classic.attach("shop-dev-1")
    group = only(classic)
    assert group.attached
    assert group.serving == 2
    assert classic.is_in_service(group.machines[0].instance_id)
    assert not classic.is_in_service("i-0123456789abcdef0")
    classic.detach("shop-dev-1")
    assert not only(classic).attached
    with pytest.raises(EnvironmentMisconfigured, match="did you mean 'shop-classic'"):
        fleet(target_group=None, load_balancer="shop-clasic").observe()


def test_only_what_is_needed_is_asked(cloud: FleetCloud) -> None:
    asked: list[str] = []

    def noting(service: str) -> Any:
        asked.append(service)
        return client(service)

    FleetCloud(noting, project="shop", environment="dev", target_group="shop-dev").observe()
    assert set(asked) == {"autoscaling", "ec2", "elbv2"}
