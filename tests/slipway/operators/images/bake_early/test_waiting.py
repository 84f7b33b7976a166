"""A builder comes up while the package is built: whatever comes of that, nothing stays."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowRescheduleException

from slipway.exceptions import CloudUnavailable, EarlyBakeFutile
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.tasks.images import awaited_package
from slipway.tasks.images.awaited_package import AwaitedPackage
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.images.bake_early import worlds
from tests.slipway.operators.images.bake_early.worlds import DEB, RECORD, RELEASE, RUN, World

if TYPE_CHECKING:
    from slipway.hooks.tools.packer import Bake

pytestmark = pytest.mark.usefixtures("artifacts")
world = worlds.world


class Killed(BaseException):
    """Nothing of ours catches it."""


def _dies_with_its_builder(plan: Bake) -> None:
    """Make a builder as Packer does, and die."""
    if plan.tags.get("slipway:layer") != "candidate":
        return
    tags = [{"Key": "slipway:bake", "Value": plan.name}]
    client("ec2").run_instances(
        ImageId=plan.source_image,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    raise Killed


def _builders() -> list[str]:
    wanted = [
        {"Name": "tag-key", "Values": ["slipway:bake"]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    found = client("ec2").describe_instances(Filters=wanted)["Reservations"]
    return [one["InstanceId"] for group in found for one in group["Instances"]]


def test_the_builder_is_up_before_the_package_and_the_image_is_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.awaits(monkeypatch)
    offered: list[int] = []

    def up(plan: Bake) -> None:
        if plan.tags["slipway:layer"] == "candidate":
            offered.append(len(world.offered))
            world.package()

    world.packer.up = up
    told = world.early()
    assert offered == [0], "the builder was there before the candidate"
    world.require_unproven_is_nobodys()
    (plan,) = [one for one in world.packer.baked if one.tags["slipway:layer"] == "candidate"]
    assert plan.variables["app_sha256"] == DEB.to_json()["sha256"]
    assert plan.variables["app_candidate_distribution"] == "stable-candidate"
    assert RELEASE.version not in plan.image_name
    world.passes()
    image = world.bakes()
    assert (image.image_id, image.reused) == (told["image_id"], False)
    world.require_one_image(image)


def test_a_package_that_waits_for_its_turn_keeps_no_builder_and_no_slot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaited_package, "_APART", 0.0)
    for state in (None, "scheduled", "queued", "up_for_retry"):
        world.awaits(monkeypatch, state)
        with pytest.raises(AirflowRescheduleException):
            world.early()
    assert (world.packer.baked, world.offered) == ([], [])


def test_both_may_begin_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.awaits(monkeypatch, None, "queued", "running")
    world.packer.up = lambda _: world.package()
    assert world.early()["image_id"]


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", "removed", "success"])
def test_no_builder_comes_up_for_a_package_that_does_not_come(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """One that a person marked as successful signed none."""
    world.awaits(monkeypatch, state)
    assert world.early() is None
    assert (world.packer.baked, world.offered) == ([], [])


@pytest.mark.parametrize("state", ["failed", "skipped", "success"])
def test_a_package_that_fails_while_the_builder_waits_ends_the_bake(
    world: World, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    world.awaits(monkeypatch, "running", state)
    monkeypatch.setattr(awaited_package, "_APART", 0.0)
    assert world.early() is None
    assert world.packer.layers == ["base"]
    world.passes()
    world.require_one_image(world.bakes())


@pytest.mark.parametrize("after", ["failed", "skipped", "scheduled"])
def test_the_builder_of_a_try_that_was_killed_goes_first(
    world: World, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """The next try may end before it bakes anything: its package failed, or waits again."""
    world.awaits(monkeypatch)
    world.packer.up = _dies_with_its_builder
    with pytest.raises(Killed):
        world.early()
    assert _builders()
    world.awaits(monkeypatch, after)
    world.run.try_number = 2
    monkeypatch.setattr(awaited_package, "_APART", 0.0)
    with suppress(AirflowRescheduleException):
        assert world.early() is None
    assert not _builders()


def test_a_cloud_that_is_away_holds_no_further_try_up(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: Any) -> None:
        msg = "the cloud's API does not answer"
        raise CloudUnavailable(msg, advice="x")

    world.awaits(monkeypatch)
    world.run.try_number = 2
    world.packer.up = lambda _: world.package()
    with monkeypatch.context() as patch:
        patch.setattr(ImageCatalogue, "sweep", away)
        assert world.early()["image_id"]
    assert "what the last try may have left stays for now" in capsys.readouterr().out


def test_a_package_that_airflow_parked_may_still_come(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does where a worker has not read the DAG yet."""
    world.awaits(monkeypatch, "up_for_reschedule", "running")
    world.packer.up = lambda _: world.package()
    assert world.early()["image_id"]


def test_a_package_that_takes_too_long_is_baked_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.awaits(monkeypatch)
    monkeypatch.setattr(awaited_package, "_LONGEST", 0.0)
    assert world.early() is None
    assert world.packer.layers == ["base"]


def test_a_package_that_nobody_waits_for_any_more_is_not_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.awaits(monkeypatch)
    over = threading.Event()
    over.set()
    awaited = AwaitedPackage(world.run.context, RECORD.checkout, print)
    with pytest.raises(EarlyBakeFutile):
        awaited.wait(over)


def test_a_release_that_has_its_image_needs_no_builder(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.passes()
    image = world.bakes(replace(RUN, run_id="before"))
    world.awaits(monkeypatch)
    wait = AwaitedPackage.wait

    def comes(awaited: AwaitedPackage, over: threading.Event) -> Any:
        world.package()
        return wait(awaited, over)

    monkeypatch.setattr(AwaitedPackage, "wait", comes)
    assert world.early() is None
    assert world.packer.layers == ["base", "app"], "it was not baked again"
    assert "it is baked after the tests" not in capsys.readouterr().out
    world.require_one_image(image)


def test_where_tasks_run_one_by_one_nothing_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.awaits(monkeypatch)
    monkeypatch.setattr(awaited_package, "supervised", lambda: False)
    assert world.early() is None
    assert world.packer.baked == []


def test_a_recipe_without_the_wait_bakes_once_the_package_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.awaits(monkeypatch)
    monkeypatch.setattr("slipway.operators.images.bake_early.can_wait", lambda _: False)
    real = AwaitedPackage.wait

    def wait(awaited: AwaitedPackage, over: threading.Event) -> Any:
        assert world.packer.layers == ["base"]
        world.package()
        return real(awaited, over)

    monkeypatch.setattr(AwaitedPackage, "wait", wait)
    assert world.early()["image_id"]
