"""A project with an engine of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.integration.pipeline.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

DEBIAN = "image: 'debian:12'"


@pytest.fixture
def project() -> Iterator[Project]:
    project = Project(f"test-{uuid.uuid4().hex[:8]}")
    yield project
    project.engine.remove_labelled({})
