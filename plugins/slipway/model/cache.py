"""Folders that a pipeline's steps make, and that later runs may begin with."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from slipway.model.fact import Fact


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CachedPath(Fact):
    """A folder, and the files of the repository that say which state of it is meant.

    :param path: from the workspace's top; or absolute, where a volume is mounted.
    :param key: files from the repository's top: while none of them changes, what is kept serves.
    """

    path: str
    key: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CacheScopes:
    """Parts of a project's caches, by name.

    :param read: those that are looked through, in this order.
    :param written: the one that a run keeps something in; empty where it may keep nothing.
    """

    read: tuple[str, ...]
    written: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CacheLimits:
    """What is kept of a project's caches.

    :param unused: how long one is kept after it last was of use.
    :param size: bytes of all of them.
    """

    unused: timedelta = timedelta(days=14)
    size: int = 10 << 30
