"""The releases that passed the commit pipeline, and all that is known of each.

A release enters the catalogue when its package is published; from then on any environment can
be given it, today or next year, without looking at the run that made it.

Each record is signed, so that whoever writes the bucket does not write releases.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable

from slipway.exceptions import ReleaseNotFound, VersionConflict
from slipway.facts import Checkout, Fact, PublishedPackage, SchemaVersion, TestReport
from slipway.hooks.artifact_store import ArtifactStore
from slipway.hooks.record_keys import RecordKeys, record_keys
from slipway.hooks.signed_records import SignedRecords


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseRecord(Fact):
    """What the catalogue keeps of one release.

    :param schema: None for a project without migrations.
    :param tests: None only for a release that was imported by hand.
    """

    checkout: Checkout
    package: PublishedPackage
    schema: SchemaVersion | None = None
    tests: TestReport | None = None


class ReleaseCatalogue:
    """Release records under ``releases/<project>/<version>.json``.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._store = store
        self._records = SignedRecords(store, keys)

    def record(self, record: ReleaseRecord) -> None:
        """Enter a release; the same commit with the same package may be entered again.

        :raises VersionConflict: when the version stands for another commit or package already.
        :raises RecordRefused: when somebody else wrote a record of this version.
        """
        release = record.checkout.release
        path = _key(release.project, release.version)
        there = self._records.get(path)
        if there is not None and _identity(ReleaseRecord.from_json(there)) != _identity(record):
            msg = f"{release.version} of {release.project} is recorded already, with other content"
            raise VersionConflict(msg, advice="a version is released once; push a new commit")
        self._records.put(path, record.to_json())

    def find(self, project: str, version: str) -> ReleaseRecord:
        """Look a release up.

        :param project: the project's name.
        :param version: a whole version, or the first characters of its sha (7 or more).
        :raises ReleaseNotFound: naming the nearest version there is.
        :raises RecordRefused: when its record was not signed here.
        """
        versions = self.versions(project)
        chosen = version if version in versions else _by_sha(version, versions)
        if chosen is None:
            msg = f"{project} has no release {version!r}"
            raise ReleaseNotFound(msg, advice=_nearest(version, versions))
        record = self._records.get(_key(project, chosen))
        if record is None:
            msg = f"the record of {project} {chosen} was taken away just now"
            raise ReleaseNotFound(msg, advice="choose another release, or restore the record")
        return ReleaseRecord.from_json(record)

    def versions(self, project: str) -> list[str]:
        """List a project's versions, in no particular order."""
        names = self._store.keys(f"releases/{project}")
        return [name.removesuffix(".json") for name in names if name.endswith(".json")]

    def recent(self, project: str, most: int) -> list[ReleaseRecord]:
        """Return the last releases, the newest first; no more of them are read than that.

        :param project: the project's name.
        :param most: how many.
        """
        versions = sorted(self.versions(project), key=_history, reverse=True)
        return [self.find(project, version) for version in versions[:most]]

    def newest(self, project: str) -> ReleaseRecord:
        """Return the release whose commit is the youngest.

        :raises ReleaseNotFound: when the project has none.
        """
        records = [self.find(project, version) for version in self.versions(project)]
        if not records:
            msg = f"{project} has no release yet"
            raise ReleaseNotFound(msg, advice=f"run the DAG {project!r} once")
        return max(records, key=lambda found: found.checkout.committed_at)


def _key(project: str, version: str) -> str:
    return f"releases/{project}/{version}.json"


def _identity(record: ReleaseRecord) -> tuple[str, str]:
    """What a version stands for, for good."""
    return record.checkout.release.sha, record.package.sha256


def _history(version: str) -> list[str | int]:
    """Sort key of a version: numbers count as numbers, and ``~`` comes before everything."""
    parts = re.split(r"(\d+)", version.replace("~", "\0"))
    return [int(part) if part.isdecimal() else part for part in parts]


def _by_sha(start: str, versions: list[str]) -> str | None:
    shortest = 7
    if len(start) < shortest:
        return None
    found = [v for v in versions if start.startswith(v.rpartition(".g")[2])]
    return found[0] if len(found) == 1 else None


def _nearest(version: str, versions: list[str]) -> str:
    if not versions:
        return "no release of this project has passed its pipeline yet; push a commit"
    near = difflib.get_close_matches(version, versions, n=3, cutoff=0.3)
    return f"there is {', '.join(near or sorted(versions, key=_history)[-3:])}"
