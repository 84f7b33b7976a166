"""The toolbox is the one that was built here, whatever carries its name."""

from __future__ import annotations

import pytest

from slipway.exceptions import ImageRefused, ImageUnavailable
from slipway.hooks.docker.image_origin import BUILT as BUILDS
from slipway.hooks.docker.image_origin import PULLED
from slipway.hooks.docker.own_images import LABEL
from slipway.model.container import PullPolicy
from tests.fakes.image_engine import ImageEngine, digest_of
from tests.slipway.hooks.docker.images import engines
from tests.slipway.hooks.docker.images.engines import ALWAYS, BUILT, ONCE, REFRESH, ensure

engine = engines.engine


@pytest.mark.parametrize("policy", [ALWAYS, REFRESH, ONCE])
@pytest.mark.parametrize(
    "alias",
    [
        "slipway/toolbox:1",
        "docker.io/slipway/toolbox:1",
        "index.docker.io/slipway/toolbox:1",
        "registry-1.docker.io/slipway/toolbox:1",
        "INDEX.docker.io/slipway/toolbox:1",
    ],
)
def test_a_step_that_pulls_the_toolbox_gets_the_one_that_is_here(
    engine: ImageEngine, alias: str, policy: PullPolicy
) -> None:
    own = engine.build("slipway/toolbox:1", "ours", BUILT)
    engine.publish("slipway/toolbox:1", "a stranger's")
    assert ensure(engine, alias, policy).id == own
    assert (engine.asked, engine.pulled) == ([], [])
    assert engine.names["docker.io/slipway/toolbox:1"] == own


@pytest.mark.parametrize(
    "name",
    [
        "slipway/toolbox:1",
        "slipway/toolbox",
        "slipway/new:7",
        f"slipway/toolbox@{digest_of('a stranger')}",
    ],
)
@pytest.mark.parametrize("policy", list(PullPolicy))
def test_a_worker_without_the_toolbox_does_not_pull_a_strangers(
    engine: ImageEngine, name: str, policy: PullPolicy
) -> None:
    engine.publish(name, "a stranger")
    with pytest.raises(ImageUnavailable, match="never taken from a public registry") as caught:
        ensure(engine, name, policy)
    assert "python -m include.images.build" in caught.value.advice
    assert (engine.asked, engine.pulled) == ([], [])


def test_a_toolbox_that_was_pulled_before_this_was_known_is_not_used(engine: ImageEngine) -> None:
    engine.publish("slipway/toolbox:1", "a stranger's")
    engine.docker_pull("slipway/toolbox:1")
    with pytest.raises(ImageUnavailable, match="nothing shows that it was built here"):
        ensure(engine, "slipway/toolbox:1")


def test_an_image_that_somebody_called_like_the_toolbox_is_not_used(engine: ImageEngine) -> None:
    engine.build("slipway/toolbox:1", "a leftover")
    with pytest.raises(ImageUnavailable, match=r"no label slipway\.inputs"):
        ensure(engine, "slipway/toolbox:1")


@pytest.mark.parametrize("label", [BUILT, {LABEL: "x"}])
def test_a_strangers_toolbox_with_a_label_like_ours_is_not_used(
    engine: ImageEngine, label: dict[str, str]
) -> None:
    engine.publish("slipway/toolbox:1", "a stranger's")
    image = engine.docker_pull("slipway/toolbox:1")
    engine.images[image]["Config"]["Labels"] = label
    # Beside one that was built here, whose name it took.
    for _ in range(2):
        for policy in PullPolicy:
            with pytest.raises(ImageUnavailable, match="nothing shows that it was built here"):
                ensure(engine, "slipway/toolbox:1", policy)
        engine.build("slipway/toolbox:1", "ours", BUILT)
        engine.docker_pull("slipway/toolbox:1")


def test_the_names_that_tell_where_an_image_is_from_are_nobodys_to_ask_for(
    engine: ImageEngine,
) -> None:
    engine.build("slipway/toolbox:1", "ours", BUILT)
    for name in (f"{PULLED}/x:1", f"{BUILDS}/docker.io/slipway/toolbox:1"):
        with pytest.raises(ImageRefused, match="no image of a registry"):
            ensure(engine, name)
