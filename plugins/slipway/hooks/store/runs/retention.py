"""What the tasks of a run signed is of use as long as the run may be taken up again.

What the pipeline of a pull request built is of use until its package was made. Where that failed,
somebody may have it made once more within the next days. What releases are made of lies elsewhere,
and stays.
"""

from __future__ import annotations

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
    if store.get_json(_LOOKED) == today:
        return
    for run in store.keys(RUNS):
        folder = f"{RUNS}/{run}"
        names = store.keys(folder)
        facts = [name for name in names if name.endswith(".json")]
        newest = _newest(store, folder, facts)
        if newest is None or now - newest > KEPT:
            yield _take_away(store, folder, gone)
        elif BUILT in names and _is_over(store, f"{folder}/{BUILT}", now):
            yield _take_away(store, f"{folder}/{BUILT}", gone)
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
    newest = _newest(store, folder, store.keys(folder))
    # Where nothing is there yet somebody may be about to put it there.
    return newest is not None and now - newest > BUILDS_KEPT


def _newest(store: ArtifactStore, folder: str, names: Iterable[str]) -> datetime | None:
    stored = [store.stored_at(f"{folder}/{name}") for name in names]
    return max((at for at in stored if at is not None), default=None)
