"""What the tasks of a run signed is of use as long as the run may be taken up again.

What the pipeline of a pull request built is of use until its package was made. Where that failed,
somebody may have it made once more within the next days. What releases are made of lies elsewhere,
and stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.folder import BUILT, RUNS
from slipway.model.facts import is_proposed

# Far beyond the longest wait for a person, and whatever somebody clears next week.
KEPT = timedelta(days=90)
BUILDS_KEPT = timedelta(days=7)
# Looking through all of them is a listing each, so it is done once a day.
_LOOKED = "runs-looked-through.json"
_AFTER = "after"
# Seconds for one look, well within the task's time; the next one goes on behind its last run.
_PATIENCE = 300.0


def forget_old_runs(
    store: ArtifactStore,
    now: datetime,
    gone: Callable[[str, int], None] = lambda _, __: None,
) -> Iterator[str]:
    """Take away what the runs signed in which nothing was signed for 90 days.

    And what was built 7 days ago in those of pull requests. A killed try has taken some away, and
    the next one goes on.

    :param store: the artifact store.
    :param now: with its zone.
    :param gone: is told of each folder that went, and how many bytes it had.
    :returns: the folders that went, as they go; those of builds end with ``built``, or are below.
    """
    today = {"day": now.date().isoformat()}
    looked = store.get_json(_LOOKED)
    if looked == today:
        return
    after = str(looked.get(_AFTER, "")) if isinstance(looked, dict) else ""
    until = time.monotonic() + _PATIENCE
    for run in (one for one in store.keys(RUNS) if one > after):
        folder = f"{RUNS}/{run}"
        there = store.stored_in(folder)
        newest = _newest(at for name, at in there.items() if name.endswith(".json"))
        if newest is None or now - newest > KEPT:
            yield _take_away(store, folder, gone)
        elif BUILT in there and _is_over(store, f"{folder}/{BUILT}", now):
            yield _take_away(store, f"{folder}/{BUILT}", gone)
        if time.monotonic() > until:
            store.put_json(_LOOKED, {_AFTER: run})
            return
    for build in _shared_builds(store, now):
        yield _take_away(store, build, gone)
    store.put_json(_LOOKED, today)


def _take_away(store: ArtifactStore, folder: str, gone: Callable[[str, int], None]) -> str:
    size = store.size(folder)
    store.delete_all(folder)
    gone(folder, size)
    return folder


def _shared_builds(store: ArtifactStore, now: datetime) -> Iterator[str]:
    """Find what was built of proposals before builds had runs as their owners.

    No release has such a version. Should one be on record all the same, its build stays.
    """
    for project in store.keys(BUILT):
        for version in store.keys(f"{BUILT}/{project}"):
            released = f"releases/{project}/{version}.json"
            folder = f"{BUILT}/{project}/{version}"
            proposed = is_proposed(version) and store.stored_at(released) is None
            if proposed and _is_over(store, folder, now):
                yield folder


def _is_over(store: ArtifactStore, folder: str, now: datetime) -> bool:
    newest = _newest(store.stored_in(folder).values())
    # Where nothing is there yet somebody may be about to put it there.
    return newest is not None and now - newest > BUILDS_KEPT


def _newest(stored: Iterable[datetime | None]) -> datetime | None:
    return max((at for at in stored if at is not None), default=None)
