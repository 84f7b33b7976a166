"""Engines of both kinds, and images of every origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.hooks.docker.images import Images
from slipway.hooks.docker.own_images import LABEL
from slipway.model.container import ImageFacts, PullPolicy
from tests.fakes.image_engine import ContainerdEngine, ImageEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

ALWAYS, ONCE = PullPolicy.ALWAYS, PullPolicy.IF_NOT_EXISTS
REFRESH, NEVER = PullPolicy.REFRESH, PullPolicy.NEVER
BUILT = {LABEL: "digest"}


@pytest.fixture(params=[ImageEngine, ContainerdEngine], ids=["classic", "containerd"])
def engine(request: pytest.FixtureRequest) -> ImageEngine:
    made: ImageEngine = request.param()
    return made


def ensure(
    engine: ImageEngine,
    image: str,
    pull: PullPolicy = ONCE,
    auth: Mapping[str, str] | None = None,
    said: list[str] | None = None,
) -> ImageFacts:
    images = Images(engine.client, installation="test")
    return images.ensure(image, pull, auth=auth, progress=(said or []).append)
