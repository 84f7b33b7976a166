"""A swap, a way back, a bake and retention get by with their rights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from include.iam.__main__ import main, place_of
from include.iam.bake_role import bake_role
from include.iam.deploy_role import deploy_role
from slipway.fleet.goals import Goal
from slipway.fleet.swap import Swap
from slipway.hooks.aws.image_cleanup import ImageRetention
from slipway.hooks.aws.machine_images import BAKE_TAG, ImageCatalogue
from slipway.hooks.fleet.scaling_rules import own_alarms
from tests.fakes.prober import FakeProber
from tests.include.iam.evaluator import allowed
from tests.include.iam.rights import recorder
from tests.include.iam.rights.recorder import recording
from tests.include.iam.rights.roles import PLACE, ROOT
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, fleet
from tests.slipway.fleet.worlds import DEPLOY, make_image, make_target
from tests.slipway.hooks.aws import images_of_others as images

if TYPE_CHECKING:
    from pathlib import Path
account = recorder.account


def _swap(version: str, keep_old: float) -> Swap:
    cloud = fleet()
    lease = cloud.lease(owner="test", is_dead=lambda _: False)
    lease.acquire()
    target = make_target(security_groups=("app",), keep_old=keep_old)
    return Swap(
        cloud=cloud.with_fence(lease.check),
        prober=FakeProber(),
        target=target,
        image=replace(make_image(version), image_id=moto_cloud.image()),
        log=lambda _: None,
        sleep=lambda _: None,
    )


@pytest.mark.usefixtures("account")
def test_a_swap_and_a_roll_back_get_by_with_it() -> None:
    with recording() as recorded:
        for version, keep in (("1", 0.0), ("2", 600.0)):
            for wish in DEPLOY:
                _swap(version, keep).converge(wish, timeout=100)
        for wish in (Goal.LAUNCHED, Goal.ROLLED_BACK):
            _swap("3", 0.0).converge(wish, timeout=100)
        assert own_alarms(client, "shop-dev-2") == []
    (group,) = client("ec2").describe_security_groups(GroupNames=["app"])["SecurityGroups"]
    mine = replace(PLACE, security_groups=(group["GroupId"],))
    policies = deploy_role(mine).policies().values()
    assert [one for one in recorded if not allowed(policies, one)] == []
    made = {one.action for one in recorded}
    assert {"ssm:PutParameter", "autoscaling:DeleteAutoScalingGroup", "ec2:RunInstances"} <= made
    # The same calls are none of another environment's rights.
    other = deploy_role(replace(mine, environment="prod", neighbours=())).policies().values()
    changing = [one for one in recorded if one.resource != "*" and one.action != "ec2:RunInstances"]
    assert [one for one in changing if allowed(other, one)] == []


@pytest.mark.usefixtures("account")
def test_a_bakes_beginning_and_end_and_retention_get_by_with_it() -> None:
    ec2 = client("ec2")
    catalogue, name = ImageCatalogue(ec2), "slipway-bake-shop.dev.0123456789-app"
    marks = {"slipway:project": "shop", "slipway:environment": "dev"}
    made = [images.bake(version) for version in ("1", "2")]
    half = ec2.create_image(InstanceId=_builder(name, marks), Name="shop-3")["ImageId"]
    ec2.create_key_pair(KeyName=name)
    with recording() as recorded:
        catalogue.open_group(name, catalogue.ground(), marks)
        assert len(catalogue.sweep(name, "shop-3")) == 4
        layer = ImageRetention(client, images.TAGS, images.MINE)
        for image in layer.images():
            layer.retire(image)
        layer.sweep()
        assert layer.now() > 0
    there = [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]]
    assert not {*made, half} & set(there)
    mine = replace(PLACE, installation=images.MINE)
    policies = bake_role(mine).policies().values()
    assert [one for one in recorded if not allowed(policies, one)] == []
    assert {"ec2:DeregisterImage", "ec2:DeleteSnapshot", "ec2:TerminateInstances"} <= {
        one.action for one in recorded
    }
    # Of another installation's role these images are not the business.
    other = bake_role(replace(mine, installation="theirs")).policies().values()
    ours = [one for one in recorded if "aws:ResourceTag/slipway:installation" in one.context]
    assert ours
    assert [one for one in ours if allowed(other, one)] == []


def _builder(name: str, marks: dict[str, str]) -> str:
    tags = [{"Key": key, "Value": value} for key, value in {**marks, BAKE_TAG: name}.items()]
    made = client("ec2").run_instances(
        ImageId=moto_cloud.image(),
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    return str(made["Instances"][0]["InstanceId"])


def test_an_environment_of_a_project_file(tmp_path: Path) -> None:
    more = ["--security-group", "slipway-app=sg-0123", "--installation", "ours-0123"]
    main(["guestbook", "prod", "--bucket", "apt", *more, "--out", str(tmp_path)])
    found = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert {"app.json", "bake.json", "deploy.json", "publish.json"} <= found.keys()
    text = "".join(found.values())
    for word in (
        ":parameter/slipway-leases/guestbook/prod",
        ":targetgroup/guestbook-prod/*",
        ":security-group/sg-0123",
        "136693071363",
        "ours-0123",
    ):
        assert f'{word}"' in text
    with pytest.raises(SystemExit, match="--security-group slipway-app=sg-"):
        place_of("guestbook", "prod")
    with pytest.raises(SystemExit, match="no project 'gestbook'; did you mean guestbook\\?"):
        place_of("gestbook", "prod")
    with pytest.raises(SystemExit, match="guestbook has no environment 'live'"):
        place_of("guestbook", "live")


def test_environments_whose_names_begin_alike_are_found(tmp_path: Path) -> None:
    text = (ROOT / "include" / "projects" / "guestbook.yaml").read_text()
    (tmp_path / "guestbook.yaml").write_text(text.replace("  prod:\n", "  dev-2:\n"))
    other = text.replace("name: guestbook\n", "name: guestbook-dev\n")
    (tmp_path / "guestbook-dev.yaml").write_text(other)
    place = place_of("guestbook", "dev", tmp_path, security_groups={"slipway-app": "sg-0"})
    assert place.neighbours == ("guestbook-dev-2", "guestbook-dev-dev", "guestbook-dev-prod")
