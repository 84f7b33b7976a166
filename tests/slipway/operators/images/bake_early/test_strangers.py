"""What was not baked by the run itself, or has changed since, is not taken on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import MachineImage
from slipway.operators.bake_image import BakeImageOperator
from slipway.policies import image_retention
from slipway.tasks.consent import Admission
from slipway.tasks.kept_facts import kept_fact
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.commit_runs import sign
from tests.slipway.operators.images.bake_early import worlds
from tests.slipway.operators.images.bake_early.worlds import (
    DEB,
    RECORD,
    RELEASE,
    RUN,
    World,
    inputs,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("artifacts")
world = worlds.world


def test_a_task_that_was_marked_as_successful_baked_nothing(world: World) -> None:
    world.passes()
    image = world.bakes()
    assert world.packer.layers == ["base", "app"]
    world.require_one_image(image)


def test_another_runs_image_is_not_taken_on(world: World) -> None:
    told = world.early()
    world.passes()
    image = world.bakes(replace(RUN, run_id="manual__9"))
    assert image.image_id != told["image_id"]


def test_what_somebody_else_signed_counts_for_nothing(world: World, artifacts: Path) -> None:
    world.early()
    (path,) = artifacts.rglob("bake_early.json")
    path.write_text(path.read_text().replace(RELEASE.version, "2.1"))
    world.passes()
    world.require_one_image(world.bakes())
    assert world.packer.layers == ["base", "candidate", "app"]


def test_a_planted_image_is_not_taken_on(world: World) -> None:
    """Who may tag gives an image of theirs the tags of a candidate: no run signed for it."""
    told = world.early()
    candidate = {"slipway:layer": "candidate", "slipway:project": "shop"}
    planted = client("ec2").register_image(Name="planted")["ImageId"]
    pairs = [{"Key": key, "Value": value} for key, value in candidate.items()]
    client("ec2").create_tags(Resources=[planted], Tags=pairs)
    world.passes()
    assert world.bakes().image_id == told["image_id"]


def test_an_image_whose_tags_were_changed_is_not_taken_on(world: World) -> None:
    told = world.early()
    owner = [{"Key": "slipway:project", "Value": "till"}]
    client("ec2").create_tags(Resources=[told["image_id"]], Tags=owner)
    world.passes()
    assert world.bakes().image_id != told["image_id"]


def test_an_image_that_is_gone_is_baked_again(world: World) -> None:
    told = world.early()
    client("ec2").deregister_image(ImageId=told["image_id"])
    world.passes()
    world.require_one_image(world.bakes())


def test_what_has_changed_meanwhile_is_baked(world: World) -> None:
    """An approval may take days, and the base layer is renewed meanwhile."""
    told = world.early()
    world.passes()
    operator = BakeImageOperator(
        task_id="bake_image",
        package=RECORD.package.to_json(),
        admission=Admission(project="shop", environment="dev"),
        **inputs() | {"config": {"PORT": "9"}},
    )
    context = replace(RUN, task_id="bake_image").context
    assert MachineImage.from_json(operator.execute(context)).image_id != told["image_id"]


def test_an_image_that_housekeeping_may_be_retiring_is_not_taken_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert image_retention.TAKEN_ON_WITHIN < image_retention.YOUNG
    told = world.early()
    world.passes()
    monkeypatch.setattr("slipway.tasks.images.early.TAKEN_ON_WITHIN", -60.0)
    assert world.bakes().image_id != told["image_id"]


def test_another_package_than_was_recorded_is_not_taken_on(world: World) -> None:
    """build_deb was run again after the bake, and built something else."""
    told = world.early()
    other = replace(RECORD, package=replace(RECORD.package, sha256="e"))
    ReleaseCatalogue(artifact_store()).record(other)
    operator = BakeImageOperator(
        task_id="bake_image",
        package=other.package.to_json(),
        admission=Admission(project="shop", environment="dev"),
        **inputs(),
    )
    made = operator.execute(replace(RUN, task_id="bake_image").context)
    assert made["image_id"] != told["image_id"]


def test_a_commit_that_no_task_signed_is_not_baked(world: World) -> None:
    assert world.early(replace(RECORD.checkout, message="another")) is None
    assert world.packer.baked == []


def test_a_package_of_another_checkout_is_not_baked(world: World) -> None:
    """The run was cleared: what its package was built of is not what is delivered now."""
    sign(RUN, RELEASE, checkout=replace(RECORD.checkout, message="before"), build_deb=DEB)
    sign(RUN, RELEASE, checkout=RECORD.checkout)
    assert world.early() is None
    assert world.packer.baked == []


def test_what_a_try_has_baked_already_is_found_again(world: World) -> None:
    first, again = world.early(), world.early()
    assert first == again
    assert world.packer.layers == ["base", "candidate"]
    assert (
        ImageRecord.from_json(kept_fact(RUN.context, "bake_early").told).image_id
        == (first["image_id"])
    )
