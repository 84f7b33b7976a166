"""What tests of whole pipelines share."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import docker
import pytest

from slipway.hooks.docker.engine import ContainerEngine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainerEngine]:
    """An installation of the test's own, which leaves nothing behind."""
    installation = f"test-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", installation)
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    assert engine.remove_labelled({}) <= 1  # the guard of the metadata service's stays
