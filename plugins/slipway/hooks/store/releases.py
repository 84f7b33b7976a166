"""The releases that passed the commit pipeline, and all that is known of each.

A release enters the catalogue when its package is published; from then on any environment can
be given it, today or next year, without looking at the run that made it.

Each record is signed, so that whoever writes the bucket does not write releases.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from slipway.exceptions import ReleaseNotFound, VersionConflict
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.release_order import history, in_order
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.edition import is_later, version_of
from slipway.model.facts import Checkout, Fact, PublishedPackage, Release, SchemaVersion, TestReport
from slipway.model.text.nearest import nearest_few

# The first digits of a sha that a version holds.
_ABBREVIATED = 7
# What may be a version, and so the name of an object; people type other things as well.
_IS_WHOLE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+~:_-]{0,199}")
_SIDE_BY_SIDE = 8


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseRecord(Fact):
    """What the catalogue keeps of one release.

    :param checkout: the commit.
    :param package: that was published of it.
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

    def find(self, project: str, version: str, *, among: list[str] | None = None) -> ReleaseRecord:
        """Look a release up.

        :param project: the project's name.
        :param version: a whole version, or the first characters of its sha (7 or more). An edition
            is the release that it is of, under its own name; whether an environment has ever been
            given it is not asked here.
        :param among: the project's versions, where they are known already.
        :raises ReleaseNotFound: naming the nearest version there is.
        :raises RecordRefused: when its record was not signed here.
        """
        if not is_later(version):
            return self._find(project, version, among)
        found = self._find(project, version_of(version), among)
        release = dataclasses.replace(found.checkout.release, version=version)
        return dataclasses.replace(
            found,
            checkout=dataclasses.replace(found.checkout, release=release),
            package=dataclasses.replace(found.package, release=release),
        )

    def _find(self, project: str, version: str, among: list[str] | None) -> ReleaseRecord:
        if among is None and _IS_WHOLE.fullmatch(version):
            # A release that is there is one object; only what is none is looked for among all.
            there = self._records.get(_key(project, version))
            if there is not None:
                return ReleaseRecord.from_json(there)
        versions = self.versions(project) if among is None else among
        chosen = version if version in versions else self._by_sha(project, version, versions)
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

    def versions_of(self, release: Release) -> list[str]:
        """List the versions that a commit is released as, in no particular order.

        :param release: of the commit.
        """
        return [one for one in self.versions(release.project) if _is_of(one, release.sha)]

    def recent(self, project: str, most: int) -> list[ReleaseRecord]:
        """Return the last releases, the newest first.

        The order is that of the branch as far as it was noted (:func:`in_order`), so a release
        that the branch has dropped since is among them.

        :param project: the project's name.
        :param most: how many.
        """
        return in_order(self._all(project))[::-1][:most]

    def newest(
        self,
        project: str,
        line: Iterable[str] | None = None,
        passes: Callable[[str], bool] = lambda _: True,
    ) -> ReleaseRecord:
        """Return the release that is the furthest along the delivered branch.

        :param project: the project's name.
        :param line: shas of the branch's commits along their first parents, the newest first, so
            that what the branch has dropped is not taken; None where the git server cannot say,
            for the order that was noted.
        :param passes: says whether a version may be taken; asked of the newest first.
        :raises ReleaseNotFound: when the project has none, or none of the line that may be taken.
        """
        versions = self.versions(project)
        if not versions:
            msg = f"{project} has no release yet"
            raise ReleaseNotFound(msg, advice=f"run the DAG {project!r} once")
        if line is None:
            return _first(project, self.recent(project, len(versions)), passes)
        return _first(project, self._along(project, line, versions), passes)

    def _along(
        self, project: str, line: Iterable[str], versions: list[str]
    ) -> Iterator[ReleaseRecord]:
        """Yield the releases of a branch's commits, the newest first."""
        starts = {version.rpartition(".g")[2] for version in versions}
        for sha in (sha for sha in line if sha[:_ABBREVIATED] in starts):
            named = [one for one in versions if _is_of(one, sha)]
            records = [self.find(project, one, among=named) for one in named]
            found = [one for one in records if one.checkout.release.sha == sha]
            yield from reversed(in_order(found))

    def _all(self, project: str) -> list[ReleaseRecord]:
        """Read every record: side by side, since each may be a question to a bucket."""
        versions = self.versions(project)
        read = partial(self.find, project, among=versions)
        # The first one alone: it opens the connections that the others then share.
        found = [read(version) for version in versions[:1]]
        with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
            return found + list(pool.map(read, versions[1:]))

    def _by_sha(self, project: str, start: str, versions: list[str]) -> str | None:
        """Find the version of a commit; versions hold no more than the sha's first digits."""
        if len(start) < _ABBREVIATED:
            return None
        named = [one for one in versions if _is_of(one, start)]
        maybe = [self.find(project, one, among=named) for one in named]
        releases = [record.checkout.release for record in in_order(maybe)]
        found = [release for release in releases if release.sha.startswith(start)]
        # The last of several versions of one commit; of two commits, none.
        return found[-1].version if len({release.sha for release in found}) == 1 else None


def _first(
    project: str, records: Iterable[ReleaseRecord], passes: Callable[[str], bool]
) -> ReleaseRecord:
    """Return the first release that may be taken."""
    newest = None
    for record in records:
        version = record.checkout.release.version
        if passes(version):
            return record
        newest = newest or version
    if newest is not None:
        msg = f"no release of {project} may be taken as the newest one; the log says why"
        raise ReleaseNotFound(msg, advice=f"name one to deploy it all the same, {newest} say")
    msg = f"no commit that is on the delivered branch of {project} has become a release"
    raise ReleaseNotFound(msg, advice="name the version, or wait for the branch's next one")


def _key(project: str, version: str) -> str:
    return f"releases/{project}/{version}.json"


def _is_of(version: str, sha: str) -> bool:
    """Tell whether a version may be that of a commit, by the digits that it holds of it."""
    _, found, start = version.rpartition(".g")
    return bool(found) and sha.startswith(start)


def _identity(record: ReleaseRecord) -> tuple[str, str]:
    """What a version stands for, for good."""
    return record.checkout.release.sha, record.package.digest


def _nearest(version: str, versions: list[str]) -> str:
    if not versions:
        return "no release of this project has passed its pipeline yet; push a commit"
    near = nearest_few(version, versions, alike=0.3)
    return f"there is {', '.join(near or sorted(versions, key=history)[-3:])}"
