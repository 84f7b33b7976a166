"""Which release served when, per environment: the memory that the cloud does not have.

A server group is deleted when its time is over, so the cloud cannot say what served before it.
Each finished swap leaves one small entry here, and none is ever changed.

An entry is ordered by its number alone, one more than the last entry's: never by the clock of the
worker that wrote it. Its name carries a stamp, by which a listing is enough to tell that Slipway
wrote it, for this environment and at this place in the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from slipway.exceptions import RecordRefused
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.signed_records import UNSIGNED_ADVICE, SignedBook
from slipway.hooks.store.signing_keys import CONNECTION
from slipway.model.facts import Json, Release

# The first number: entries of before the numbers find room below it when they are signed.
_FIRST = 1_000_000
_ALTERED = (
    f"if its key was rotated, add it behind the first one in the connection {CONNECTION!r}; if "
    "not, find out who writes the bucket; to go on, name the version"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One name in the listing.

    :param number: its place in the order; an entry without a stamp has microseconds here, and is
        older than all that have one.
    :param version: the release's version.
    :param stamp: empty for an entry of before the stamps.
    """

    number: int
    version: str
    stamp: str = ""

    @classmethod
    def parse(cls, name: str) -> Entry | None:
        """Read a file's name; None for what is no entry."""
        number, *rest = name.removesuffix(".json").split("_")
        if not number.isdecimal() or len(rest) not in (1, 2):
            return None
        return cls(number=int(number), version=rest[0], stamp=rest[1] if rest[1:] else "")

    def path(self, folder: str) -> str:
        """Return its path in the store, without stamp and suffix."""
        return f"{folder}/{self.number:018d}_{self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """That a release came to serve.

    :param release: project, sha and version.
    :param at: seconds since 1970.
    :param run_id: the run that brought it there.
    """

    release: Release
    at: float
    run_id: str


class DeploymentHistory(SignedBook):
    """Entries under ``deployments/<project>/<environment>/<number>_<version>_<stamp>.json``.

    The version stands in the name, so that reading the history is one listing.
    """

    def record(self, release: Release, environment: str, *, run_id: str) -> None:
        """Note that a release serves, and has proved itself.

        :param release: what serves.
        :param environment: where.
        :param run_id: the run that brought it there.
        """
        folder = _folder(release.project, environment)
        # What somebody else put there has no say in the order.
        own = (one.number for one in self._entries(folder) if self._is_ours(folder, one))
        entry = Entry(number=max(own, default=_FIRST - 1) + 1, version=release.version)
        value = {**release.to_json(), "at": self._clock(), "run_id": run_id}
        self._records.put(self._stamped(folder, entry), value)
        FailedDeployments(self._store).forget(release, environment)

    def versions(self, project: str, environment: str) -> list[str]:
        """List what served, the oldest first; a version appears each time it came.

        :raises RecordRefused: when an entry is not Slipway's, or one in between is missing.
        """
        folder = _folder(project, environment)
        entries = self._entries(folder)
        for one in entries:
            self._check(folder, one)
        _complete(folder, entries)
        return [one.version for one in entries]

    def served(self, project: str, environment: str, most: int) -> list[Served]:
        """Return what is noted of the last entries, the newest first.

        :param project: the project's name.
        :param environment: the environment's.
        :param most: how many.
        :raises RecordRefused: when an entry is not Slipway's.
        """
        folder = _folder(project, environment)
        found = []
        for one in self._entries(folder)[::-1][:most]:
            self._check(folder, one)
            value = self._records.get(f"{one.path(folder)}_{one.stamp}.json") or {}
            found.append(
                Served(
                    release=Release.from_json(value),
                    at=float(value.get("at", 0.0)),
                    run_id=str(value.get("run_id", "")),
                )
            )
        return found

    def unsigned(self, project: str, environment: str) -> list[str]:
        """List the paths of entries from before the stamps, the oldest first."""
        folder = _folder(project, environment)
        return [f"{one.path(folder)}.json" for one in self._entries(folder) if not one.stamp]

    def adopt(self, project: str, environment: str, seen: Mapping[str, Json]) -> None:
        """Sign entries of before the stamps, as a person has looked at them.

        They are numbered anew, without gaps, below what is signed: the newest first, so that a
        crash here leaves an order that is still right. What somebody put there since is not read.

        :param project: the project's name.
        :param environment: the environment's name.
        :param seen: what stood in each of :meth:`unsigned`, by its path and in that order.
        """
        folder = _folder(project, environment)
        own = (one.number for one in self._entries(folder) if self._is_ours(folder, one))
        number = min(own, default=_FIRST)
        for path, value in reversed(list(seen.items())):
            old = Entry.parse(path.rpartition("/")[2])
            if old is not None:
                number -= 1
                new = Entry(number=number, version=old.version)
                self._records.put(self._stamped(folder, new), value)
                self._store.delete(path)

    def _entries(self, folder: str) -> list[Entry]:
        found = (Entry.parse(name) for name in self._store.keys(folder))
        entries = (one for one in found if one)
        return sorted(entries, key=lambda one: (bool(one.stamp), one.number, one.version))

    def _stamped(self, folder: str, entry: Entry) -> str:
        path = entry.path(folder)
        return f"{path}_{self._records.keys.stamp(path)}.json"

    def _is_ours(self, folder: str, entry: Entry) -> bool:
        return bool(entry.stamp) and self._records.keys.stamped(entry.path(folder), entry.stamp)

    def _check(self, folder: str, entry: Entry) -> None:
        path = entry.path(folder)
        if not entry.stamp:
            msg = f"{path}.json is not signed"
            raise RecordRefused(msg, advice=UNSIGNED_ADVICE)
        if not self._is_ours(folder, entry):
            msg = f"{path}_{entry.stamp}.json was not signed by this Slipway, or not for this place"
            raise RecordRefused(msg, advice=_ALTERED)


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


def _complete(folder: str, entries: Sequence[Entry]) -> None:
    """Make sure that nothing in between was taken away: it would steer the way back."""
    numbers = sorted({one.number for one in entries})
    for before, after in pairwise(numbers):
        if after != before + 1:
            msg = f"the entry {before + 1:018d} of {folder} is missing"
            raise RecordRefused(msg, advice=_ALTERED)


def _folder(project: str, environment: str) -> str:
    return f"deployments/{project}/{environment}"
