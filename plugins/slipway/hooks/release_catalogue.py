"""The releases that passed the commit pipeline, and all that is known of each.

A release enters the catalogue when its package is published; from then on any environment can
be given it, today or next year, without looking at the run that made it.
"""

from __future__ import annotations

import dataclasses
import difflib
import re

from slipway.exceptions import ReleaseNotFound
from slipway.facts import Checkout, Fact, PublishedPackage, SchemaVersion, TestReport
from slipway.hooks.artifact_store import ArtifactStore


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
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def record(self, record: ReleaseRecord) -> None:
        """Enter a release, or replace its record by an equal or newer one."""
        release = record.checkout.release
        self._store.put_json(_key(release.project, release.version), record.to_json())

    def find(self, project: str, version: str) -> ReleaseRecord:
        """Look a release up.

        :param project: the project's name.
        :param version: a whole version, or the first characters of its sha (7 or more).
        :raises ReleaseNotFound: naming the nearest version there is.
        """
        versions = self.versions(project)
        chosen = version if version in versions else _by_sha(version, versions)
        if chosen is None:
            msg = f"{project} has no release {version!r}"
            raise ReleaseNotFound(msg, advice=_nearest(version, versions))
        return ReleaseRecord.from_json(self._store.get_json(_key(project, chosen)))

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
