"""Workspaces, and what is taken out of them."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from slipway.pipeline.built.take import Taking
from tests.slipway.pipeline.runtime.workspaces import Workspace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "src").mkdir()
    return Workspace(tmp_path / "src")


def taken(workspace: Workspace, *paths: str) -> list[tarfile.TarInfo]:
    file = io.BytesIO()
    taking = Taking(pipeline="default", paths=paths, file=file, built_at=17)
    taking.take(workspace.read)
    assert taking.outcome().size == len(file.getvalue())
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        return archive.getmembers()


def names(members: list[tarfile.TarInfo]) -> list[str]:
    return [member.name for member in members]
