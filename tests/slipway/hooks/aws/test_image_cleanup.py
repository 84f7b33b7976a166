"""Against moto: what is there and used, and a retirement that was killed half way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from slipway.hooks.aws.image_cleanup import ImageRetention
from slipway.model.cloud.stored_image import StoredImage
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, fleet, launch
from tests.slipway.hooks.aws.images_of_others import MINE, TAGS, bake, disks, disks_of


@pytest.fixture
def images() -> Iterator[ImageRetention]:
    with mock_aws():
        moto_cloud.furnish()
        yield ImageRetention(client, TAGS, MINE)


def only(images: ImageRetention) -> StoredImage:
    (image,) = images.images()
    return image


def test_what_is_there(images: ImageRetention) -> None:
    made = bake("1")
    bake("other", slipway__project="mail")
    image = only(images)
    assert (image.image_id, image.version, image.base) == (made, "1", "ami-base")
    assert list(image.snapshots) == disks_of(made)
    assert image.created > 0
    assert image.platform == "debian-12-amd64"


def test_what_is_used(images: ImageRetention) -> None:
    in_template, running, free, noted = (bake(name) for name in ("1", "2", "3", "4"))
    fleet().launch(launch("1", image_id=in_template))
    client("ec2").run_instances(ImageId=running, MinCount=1, MaxCount=1)
    tag = {
        "Key": "slipway:image",
        "Value": noted,
        "ResourceId": "shop-dev-1",
        "ResourceType": "auto-scaling-group",
        "PropagateAtLaunch": False,
    }
    client("autoscaling").create_or_update_tags(Tags=[tag])
    used = images.in_use(images.images())
    assert {in_template, running, noted} <= used
    assert free not in used


def test_every_version_of_a_template_counts(images: ImageRetention) -> None:
    first, second = bake("1"), bake("2")
    fleet().launch(launch("1", image_id=first))
    client("ec2").create_launch_template_version(
        LaunchTemplateName="shop-dev-1", LaunchTemplateData={"ImageId": second}
    )
    assert {first, second} <= images.in_use(())


def test_an_image_goes_with_its_disks_and_no_others(images: ImageRetention) -> None:
    bake("1")
    kept = bake("2")
    (doomed,) = (one for one in images.images() if one.image_id != kept)
    images.retire(doomed)
    images.retire(doomed)
    assert only(images).image_id == kept
    assert disks() == set(disks_of(kept))
    assert images.sweep() == ()


def test_who_is_killed_half_way_is_followed_by_one_who_finishes(
    images: ImageRetention, monkeypatch: pytest.MonkeyPatch
) -> None:
    bake("1")
    kept = bake("2")
    (doomed,) = (one for one in images.images() if one.image_id != kept)

    class Killed(BaseException):
        """Nothing of ours catches it."""

    def die(**_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(client("ec2"), "delete_snapshot", die)
        with pytest.raises(Killed):
            images.retire(doomed)
    assert disks() == {*doomed.snapshots, *disks_of(kept)}
    assert images.sweep() == doomed.snapshots
    assert disks() == set(disks_of(kept))


def test_a_refusal_is_no_success(images: ImageRetention, monkeypatch: pytest.MonkeyPatch) -> None:
    bake("1")

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "m"}}, "X")

    monkeypatch.setattr(client("ec2"), "deregister_image", refuse)
    image = only(images)
    with pytest.raises(Exception, match="UnauthorizedOperation"):
        images.retire(image)
    assert disks() == set(image.snapshots)
