"""A mirror of a real repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.hooks.git.mirror import GitMirror

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")
