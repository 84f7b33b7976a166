"""Whoever is killed, and whatever is lost on the way, one image is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured
from slipway.hooks.aws.candidate_images import CandidateImages
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecords
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.operators.images import bakes
from slipway.tasks.images import search
from tests.slipway.operators.images.bake_early import worlds
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.slipway.operators.images.bake_early.worlds import World

pytestmark = pytest.mark.usefixtures("artifacts")
world = worlds.world


class Killed(BaseException):
    """Nothing of ours catches it."""


def _at(where: Any, name: str, *, before: bool) -> Callable[[pytest.MonkeyPatch], None]:
    """Die once, just before a call or when its answer was on its way."""

    def arm(patch: pytest.MonkeyPatch) -> None:
        real, left = getattr(where, name), [1]

        def call(*args: Any, **kwargs: Any) -> Any:
            if before and left.pop():
                patch.setattr(where, name, real)
                raise Killed
            answer = real(*args, **kwargs)
            if left and left.pop():
                patch.setattr(where, name, real)
                raise Killed
            return answer

        patch.setattr(where, name, call)

    return arm


_DEATHS = {
    f"{name}-{'before' if before else 'after'}": _at(where, name, before=before)
    for where, name in (
        (bakes.Baker, "bake"),
        (search.KnownImages, "describe"),
        (RunFacts, "forget"),
        (RunFacts, "keep"),
        (CandidateImages, "find"),
        (CandidateImages, "take_on"),
        (ImageRecords, "record"),
    )
    for before in (True, False)
}


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "goes"])
@pytest.mark.parametrize("passes", [True, False], ids=["passed", "failed"])
@pytest.mark.parametrize("arm", _DEATHS.values(), ids=_DEATHS)
def test_whoever_is_killed_anywhere_is_followed_by_one_that_finishes(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    arm: Callable[[pytest.MonkeyPatch], None],
    passes: bool,
    waits: bool,
) -> None:
    if waits:  # for its package, with its builder up
        world.awaits(monkeypatch)
        world.packer.up = lambda _: world.package()
    with monkeypatch.context() as patch:
        arm(patch)
        for _ in range(2):  # killed, and tried again
            try:
                world.early()
            except Killed:
                continue
            break
        if not passes:
            patch.undo()
            world.require_unproven_is_nobodys()
            ReleaseCatalogue(artifact_store()).record(make_record("3.0"))
            with monkeypatch.context() as later:
                assert world.tidied(later) == []
            return
        world.passes()
        try:
            world.bakes()
        except Killed:
            world.bakes()
    image = world.bakes()
    world.require_one_image(image)
    with monkeypatch.context() as later:
        kept = world.tidied(later)
    assert [one["slipway:layer"] for one in kept] == ["app"]


def test_an_answer_that_is_lost_on_the_way_is_no_second_image(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.early()
    world.passes()
    with monkeypatch.context() as patch:
        _at(CandidateImages, "take_on", before=False)(patch)
        with pytest.raises(Killed):
            world.bakes()
    # Its tags are those of a release by now, and no right would let them be written again.
    monkeypatch.setattr(CandidateImages, "take_on", None)
    image = world.bakes()
    assert image.image_id == told["image_id"]
    world.require_one_image(image)
    assert world.packer.layers == ["base", "candidate"]


def test_a_role_of_before_there_were_candidates_bakes_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.early()
    world.passes()

    def refuse(*_: Any) -> None:
        msg = "CreateTags was refused: UnauthorizedOperation: You may not"
        raise EnvironmentMisconfigured(msg, advice="check the rights of the connection's role")

    monkeypatch.setattr(CandidateImages, "take_on", refuse)
    image = world.bakes()
    assert image.image_id != told["image_id"]
    world.require_one_image(image)


def test_a_cloud_that_does_not_answer_just_then_is_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.early()
    world.passes()
    with monkeypatch.context() as patch:

        def away(*_: Any) -> None:
            msg = "the cloud's API does not answer"
            raise CloudUnavailable(msg, advice="x")

        patch.setattr(CandidateImages, "take_on", away)
        with pytest.raises(CloudUnavailable):
            world.bakes()
    assert world.bakes().image_id == told["image_id"]
