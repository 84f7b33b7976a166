"""Fixtures for tests that start containers from the images."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from include.images.build import bring_up_to_date
from tests.include.images.containers import Containers


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """Connect to Docker, and bring all images up to date."""
    client = docker.from_env(timeout=600)
    bring_up_to_date(client)
    yield client
    client.close()


@pytest.fixture
def containers(docker_client: docker.DockerClient) -> Iterator[Containers]:
    """Start containers that end with the test."""
    started = Containers(docker_client)
    yield started
    started.close()
