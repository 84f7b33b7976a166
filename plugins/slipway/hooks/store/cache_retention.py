"""What pipelines left for their next runs goes by age, and by how much a project has of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.caches import CACHES, KeptFolder
from slipway.hooks.store.signed_records import SignedRecords
from slipway.model.cache import CacheLimits

# Bytes without a record are being written, or were when somebody was killed.
_UNFINISHED = timedelta(days=1)
# Looking through all of them is a listing for each, so it is done once an hour.
_LOOKED = "caches-looked-through.json"
_AFTER = "after"
# Seconds for one look, well within the task's time; the next one goes on behind its last project.
_PATIENCE = 300.0


def retire_caches(
    store: ArtifactStore,
    limits: Mapping[str, CacheLimits],
    now: datetime,
    gone: Callable[[str, int], None] = lambda _, __: None,
) -> Iterator[str]:
    """Take away what is old, and the least used of what is too much.

    A record goes before its bytes, so none ever leads to nothing; what a killed try left goes with
    the next.

    :param store: the artifact store.
    :param limits: project -> what is kept of it; the usual for those that are here no more.
    :param now: with its zone.
    :param gone: is told of what went, and how many bytes it had.
    :returns: what went, as it goes.
    """
    this_hour = {"hour": now.strftime("%Y-%m-%dT%H")}
    looked = store.get_json(_LOOKED)
    if looked == this_hour:
        return
    after = str(looked.get(_AFTER, "")) if isinstance(looked, dict) else ""
    until = time.monotonic() + _PATIENCE
    for project in store.keys(CACHES):
        if project <= after:
            continue
        for at, size in _retire(store, project, limits.get(project, CacheLimits()), now):
            gone(at, size)
            yield at
        if time.monotonic() > until:
            store.put_json(_LOOKED, {_AFTER: project})
            return
    store.put_json(_LOOKED, this_hour)


def _retire(
    store: ArtifactStore, project: str, limits: CacheLimits, now: datetime
) -> Iterator[tuple[str, int]]:
    left, contents = 0, set[str]()
    for one in sorted(_known(store, project), key=lambda one: one.used, reverse=True):
        if now - one.used > limits.unused or left + one.size > limits.size:
            store.delete(one.at)
            store.delete(one.content)
            yield one.at, one.size
        else:
            left += one.size
            contents.add(one.content)
    yield from _sweep(store, project, contents, now)


def _known(store: ArtifactStore, project: str) -> Iterator[KeptFolder]:
    """Read the records; one that nobody here signed is of no use, and goes."""
    records = SignedRecords(store)
    for scope in store.keys(f"{CACHES}/{project}"):
        folder = f"{CACHES}/{project}/{scope}"
        for name in store.keys(folder):
            if not name.endswith(".json"):
                continue
            at = f"{folder}/{name}"
            try:
                record = records.get(at)
                if record is not None:
                    yield KeptFolder.of(at, record)
            except (RecordRefused, KeyError, TypeError, ValueError):
                store.delete(at)


def _sweep(
    store: ArtifactStore, project: str, contents: Collection[str], now: datetime
) -> Iterator[tuple[str, int]]:
    """Take away bytes that no record leads to."""
    for scope in store.keys(f"{CACHES}/{project}"):
        folder = f"{CACHES}/{project}/{scope}"
        for name in store.keys(folder):
            at = f"{folder}/{name}"
            if name.endswith(".json") or at in contents:
                continue
            stored = store.stored_at(at)
            if stored is not None and now - stored >= _UNFINISHED:
                size = store.size(at)
                store.delete(at)
                yield at, size
