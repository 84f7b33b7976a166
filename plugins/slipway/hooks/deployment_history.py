"""Which release served when, per environment: the memory that the cloud does not have.

A server group is deleted when its time is over, so the cloud cannot say what served before it.
Each finished swap leaves one small entry here, and none is ever changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from slipway.facts import Release
from slipway.hooks.artifact_store import ArtifactStore


class DeploymentHistory:
    """Entries under ``deployments/<project>/<environment>/<microseconds>_<version>.json``.

    The version stands in the name, so that reading the history is one listing.

    :param store: where they are kept.
    :param clock: seconds since 1970.
    """

    def __init__(self, store: ArtifactStore, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def record(self, release: Release, environment: str, *, run_id: str) -> None:
        """Note that a release serves, and has proved itself.

        :param release: what serves.
        :param environment: where.
        :param run_id: the run that brought it there.
        """
        at = self._clock()
        key = (
            f"{_folder(release.project, environment)}/{int(at * 1_000_000):018d}_{release.version}"
        )
        self._store.put_json(f"{key}.json", {**release.to_json(), "at": at, "run_id": run_id})

    def versions(self, project: str, environment: str) -> list[str]:
        """List what served, the oldest first; a version appears each time it came."""
        names = self._store.keys(_folder(project, environment))
        return [name.removesuffix(".json").partition("_")[2] for name in names]


def previous(history: Sequence[str], serving: str) -> str | None:
    """Return the last good version before the one that serves.

    A version that was left by going back to an older one was left for a reason: it is never the
    answer. So going back twice goes back two releases, not back and forth.

    :param history: what served, the oldest first.
    :param serving: what serves now; one that the history lacks came after all of it.
    :returns: None when nothing served before.
    """
    if serving not in history:
        return next(reversed(_still_good(history)), None)
    # Whatever was noted after it is not what serves, for example a task that was run again.
    last = len(history) - 1 - list(reversed(history)).index(serving)
    good = _still_good(history[: last + 1])
    return good[-2] if len(good) > 1 else None


def _still_good(history: Sequence[str]) -> list[str]:
    good: list[str] = []
    for version in history:
        if version in good:
            del good[good.index(version) :]
        good.append(version)
    return good


def _folder(project: str, environment: str) -> str:
    return f"deployments/{project}/{environment}"
