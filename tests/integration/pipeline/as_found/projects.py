"""A project with an engine of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.model.container import ContainerSpec
from tests.integration.pipeline.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

DEBIAN, PYTHON = "image: 'debian:12'", "image: 'python:3.11'"


@pytest.fixture
def project() -> Iterator[Project]:
    project = Project(f"test-{uuid.uuid4().hex[:8]}")
    yield project
    project.engine.remove_labelled({})


@pytest.fixture
def other_image(project: Project) -> Iterator[str]:
    """An image whose program runs as somebody, and that exposes a port and is wrong about it."""
    client = docker.APIClient(timeout=60)
    name = f"slipway-{project.engine.installation}"
    made = ContainerSpec(name=name, image="slipway/python:3.11", argv=("true",), entrypoint=())
    container = project.engine.create(made)
    client.commit(container, repository=name, tag="1", changes=["EXPOSE 8080", "USER nobody"])
    project.engine.remove(container)
    yield f"{name}:1"
    client.remove_image(f"{name}:1", force=True)
