"""A bake beside the tests: whatever fails or dies, nothing unproven is found, and nothing stays."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowTaskTimeout

from slipway.exceptions import BakeFailed, MachineImageRefused
from slipway.hooks.aws import candidate_images
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.image_records import ImageRecords
from slipway.hooks.store.installation import installation_name
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.controls import Action, ControlEvent
from slipway.model.event import Event, EventKind
from slipway.operators.images import bake_early
from slipway.policies.controls import after
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.consent import Admission
from slipway.tasks.images.search import require_recorded
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.images.bake_early import worlds
from tests.slipway.operators.images.bake_early.worlds import RELEASE, RUN, World
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.hooks.tools.packer import Bake

pytestmark = pytest.mark.usefixtures("artifacts")
world = worlds.world
HELD = Admission(project="shop", environment="dev", by_itself=True)


def test_what_was_baked_beside_the_tests_is_taken_on_once_they_have_passed(world: World) -> None:
    told = world.early()
    world.require_unproven_is_nobodys()
    assert world.offered == [("stable-candidate", "x")]
    (plan,) = [one for one in world.packer.baked if one.tags["slipway:layer"] == "candidate"]
    # What serves is installed from the real repository; the builder alone knows the candidates.
    assert plan.variables["app_repository_distribution"] == "stable"
    assert plan.variables["app_candidate_distribution"] == "stable-candidate"
    assert RELEASE.version not in plan.image_name
    world.passes()
    image = world.bakes()
    assert (image.image_id, image.reused) == (told["image_id"], False)
    assert world.packer.layers == ["base", "candidate"]
    world.require_one_image(image)


def test_the_image_is_the_one_that_would_have_been_baked_afterwards(world: World) -> None:
    world.passes()
    after = world.bakes()
    early = world.early()
    assert early is None, "it has its image"
    record = ImageRecords(artifact_store()).find(after.image_id, RELEASE)
    assert record
    (plan,) = [one for one in world.packer.baked if one.tags["slipway:layer"] == "app"]
    assert "app_candidate_distribution" not in plan.variables


def test_tests_that_fail_while_it_bakes_leave_an_image_that_is_nobodys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.early()
    world.require_unproven_is_nobodys()
    ReleaseCatalogue(artifact_store()).record(make_record("3.0"))
    assert world.tidied(monkeypatch) == []


def test_a_bake_that_fails_while_they_run_decides_nothing(world: World) -> None:
    def fail(plan: Bake) -> None:
        if plan.tags["slipway:layer"] == "candidate":
            msg = "no disk left"
            raise BakeFailed(msg, advice="x")

    world.packer.meanwhile = fail
    assert world.early() is None
    world.passes()
    world.require_one_image(world.bakes())


def test_a_bake_that_takes_too_long_decides_nothing(world: World) -> None:
    def fail(plan: Bake) -> None:
        if plan.tags["slipway:layer"] == "candidate":
            raise AirflowTaskTimeout

    world.packer.meanwhile = fail
    assert world.early() is None
    world.packer.meanwhile = lambda _: None
    world.passes()
    world.require_one_image(world.bakes())


@pytest.mark.parametrize("error", [OSError("gone"), KeyError("x"), BakeFailed("m", advice="a")])
def test_whatever_is_wrong_with_the_repository_the_commit_goes_its_way(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(bake_early, "Aptly", fail)
    assert world.early() is None
    world.passes()
    world.require_one_image(world.bakes())


def test_nothing_is_baked_early_within_a_freeze(world: World) -> None:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    window = FreezeWindow(begin="00:00", until="24:00", zone="UTC", reason="x", days=days)
    assert world.early(windows=[window]) is None
    assert world.packer.baked == []


@pytest.mark.parametrize(("deploys", "baked"), [(False, 0), (True, 2)])
def test_a_tags_run_is_baked_for_where_it_deploys(world: World, deploys: bool, baked: int) -> None:
    facts = RunFacts(artifact_store(), dag_id=RUN.dag_id, run_id=RUN.run_id)
    facts.announce(Event(kind=EventKind.TAG, ref="refs/tags/v2"), RELEASE.sha)
    world.early(deploys_tags=deploys)
    assert len(world.packer.baked) == baked


@pytest.mark.parametrize("action", [Action.HOLD, Action.STOP])
def test_nothing_is_baked_early_while_commits_are_held(world: World, action: Action) -> None:
    say = ControlEvent(
        action=action,
        project="shop",
        environment="dev",
        by="ann",
        at=0,
        why="it loses orders",
        dag_id="controls",
        run_id="c1",
    )
    ControlBook(artifact_store()).note(say, after)
    assert world.early(admission=HELD) is None
    assert (world.packer.baked, world.offered) == ([], [])
    ControlBook(artifact_store()).note(replace(say, action=Action.RESUME, run_id="c2"), after)
    assert world.early(admission=HELD)["image_id"]


def test_what_is_in_a_candidate_stands_in_no_tag(world: World) -> None:
    world.early()
    told = json.dumps(world.tags())
    mine = installation_name(artifact_store())
    assert RELEASE.version not in told.replace(mine, "")
    assert RELEASE.sha not in told
    assert candidate_images.candidate_tags("shop").items() <= world.tags()[0].items()


def test_an_image_that_was_not_taken_on_is_not_launched(world: World) -> None:
    """Also where the release passed since: the image that bake_image told of is the one."""
    told = world.early()
    world.passes()
    image = replace(world.bakes(replace(RUN, run_id="other")), image_id=told["image_id"])
    with pytest.raises(MachineImageRefused, match="no record"):
        require_recorded(image, make_target())
