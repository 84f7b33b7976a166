"""Another worker, with a container engine of its own."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import docker
import pytest

from slipway.hooks.apt import script
from slipway.hooks.apt.aptly import Aptly, _lines
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.docker.engine import ContainerEngine
from tests.integration.apt.publishing import make_deb

Make = Callable[[], Aptly]


@pytest.fixture
def elsewhere(aptly: Make) -> Iterator[Make]:
    """Publishing from another machine."""
    installation = f"test-{uuid.uuid4().hex[:8]}"
    other = ContainerEngine(docker.APIClient(timeout=60), installation=installation)

    def make() -> Aptly:
        return replace(aptly(), engine=other, name=f"slipway-{installation}-aptly")

    yield make
    other.remove_labelled({})


def run(aptly: Aptly, steps: str, token: str, name: str, version: str) -> Any:
    """Run a part of a publication, as a worker does that is killed in the middle."""
    bucket = AptBucket(aptly.repository)
    files = {script.PUBLISHED: _lines(bucket.index().names())}
    deb = io.BytesIO(make_deb(name, version))
    file = f"{name}_{version}_all.deb"
    return aptly._run(steps, bucket, token, files, lambda _: None, {file: deb})
