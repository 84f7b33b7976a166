"""Caches in a store, and an hour of their life."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.caches import Caches, key_of
from slipway.model.cache import CacheScopes
from tests.slipway.pipeline.built.tars import packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN = CacheScopes(read=("delivered",), written="delivered")
TAR = packed("node_modules/left-pad", b"x" * 5000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> ArtifactStore:
    return ArtifactStore(f"file://{root}")


class Case:
    """One run's caches, and what they said."""

    def __init__(self, store: ArtifactStore, scopes: CacheScopes = OWN, **more: Any) -> None:
        self.log: list[str] = []
        now = more.pop("now", NOW)
        keys = more.pop("keys", {"node_modules": key_of({"package-lock.json": b"1"})})
        self.caches = Caches(
            store,
            project=more.pop("project", "shop"),
            scopes=scopes,
            keys=keys,
            commit="c" * 40,
            say=self.log.append,
            clock=lambda: now,
        )

    def keep(self, tar: bytes = TAR, pipeline: str = "default") -> None:
        self.caches.keep(pipeline, "node_modules", iter(_pieces(tar)))

    def find(self, pipeline: str = "default") -> bytes | None:
        found = self.caches.find(pipeline, "node_modules")
        if found is None:
            return None
        with found:
            return found.read()


def _pieces(data: bytes) -> Iterator[bytes]:
    file = io.BytesIO(data)
    while piece := file.read(700):
        yield piece


def contents(root: Path) -> list[Path]:
    return sorted(root.rglob("*.tar"))


def killed(*_: object) -> None:
    raise KeyboardInterrupt
