"""Every deployment of an environment in one piece each, the newest in one object.

The notes of :mod:`slipway.hooks.store.outcomes` are what is on record; two or three objects to each
deployment, which is too many to be listed for every page. Here the same is put together, below
``history/<project>/``: ``<environment>~<generation>.json`` has the last deployments, and names the
segments of those before, ``<environment>/<segment>.json``, which never change. All of it can be
made again from the notes, and is, where it is not there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.environments.chain import Chains
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.facts import Fact, Json, Release
from slipway.model.facts.outcome import PastDeployment

# Deployments of a segment; the newest object has fewer than twice as many.
SEGMENT = 50
_ALL = 1_000_000_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Newest(Fact):
    """The last deployments, the oldest first, and the names of the segments before them."""

    records: tuple[DeploymentRecord, ...] = ()
    segments: tuple[str, ...] = ()


class Deployments:
    """The deployments of all projects.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._records = SignedRecords(store, keys)
        self._outcomes = DeploymentOutcomes(store, keys=lambda: self._records.keys)
        self._catalogue = ReleaseCatalogue(store, keys=lambda: self._records.keys)

    def newest_first(self, project: str, environment: str) -> Iterator[DeploymentRecord]:
        """Yield what was deployed, the newest first; what is older is read when it is asked for.

        :param project: the project's name.
        :param environment: the environment's.
        :raises RecordRefused: when something was not signed here.
        """
        newest = self._newest(project, environment)
        yield from reversed(newest.records)
        for name in reversed(newest.segments):
            yield from reversed(self._segment(project, environment, name))

    def last(
        self, project: str, environment: str, most: int = 25, skip: int = 0
    ) -> list[DeploymentRecord]:
        """Return a page of what was deployed, the newest first.

        :param project: the project's name.
        :param environment: the environment's.
        :param most: how many.
        :param skip: how many newer ones are left out.
        :raises RecordRefused: when something was not signed here.
        """
        return list(islice(self.newest_first(project, environment), skip, skip + most))

    def find(self, project: str, environment: str, swap: str) -> DeploymentRecord | None:
        """Return one deployment.

        :param project: the project's name.
        :param environment: the environment's name.
        :param swap: its name.
        """
        found = self.newest_first(project, environment)
        return next((one for one in found if one.swap == swap), None)

    def take_up(self, project: str, environment: str, swap: str) -> list[DeploymentRecord]:
        """Put together what is noted of a deployment; doing it twice changes nothing.

        :param project: the project's name.
        :param environment: the environment's.
        :param swap: the deployment's name.
        :returns: the last deployments, the newest first: at least a segment of them, or all.
        """
        past = self._outcomes.of_swap(project, environment, swap)
        if past is None:
            return self.last(project, environment, SEGMENT)
        made = self._made(swap, past)

        def make(before: Json | None) -> Json:
            newest = _Newest.from_json(before) if before else None
            # One with a single note is new.
            known = newest and len(past.notes) > 1 and self._is_sealed(newest, made)
            if newest is None or known or _is_late(newest, made):
                return self._rebuilt(project, environment).to_json()
            others = [one for one in newest.records if one.swap != swap]
            records = sorted([*others, made], key=_began)
            return self._sealed(project, environment, records, newest.segments).to_json()

        written = self._chains(project).change(environment, make)
        return list(reversed(_Newest.from_json(written or {}).records))

    def begin(self, project: str, environment: str) -> None:
        """Put together what was noted before there were such records, unless that is done.

        :param project: the project's name.
        :param environment: the environment's.
        """

        def make(before: Json | None) -> Json:
            return before or self._rebuilt(project, environment).to_json()

        self._chains(project).change(environment, make)

    def rebuild(self, project: str, environment: str) -> int:
        """Make all of it again from the notes.

        :param project: the project's name.
        :param environment: the environment's.
        :returns: how many deployments there are.
        """

        def make(_: Json | None) -> Json:
            # Read anew where somebody was quicker, whose deployment would be lost otherwise.
            return self._rebuilt(project, environment).to_json()

        made = _Newest.from_json(self._chains(project).change(environment, make) or {})
        return len(made.segments) * SEGMENT + len(made.records)

    def _newest(self, project: str, environment: str) -> _Newest:
        found = self._chains(project).last(environment)
        # From before there were such records: what is noted is the same, and takes longer.
        return _Newest.from_json(found) if found else self._noted(project, environment)

    def _noted(self, project: str, environment: str) -> _Newest:
        past = self._outcomes.swaps(project, environment, _ALL)
        known = {one.release.version for _, one in past}
        commits = {version: self._commit(project, version) for version in known}
        records = [
            DeploymentRecord.of(swap, one, commits[one.release.version]) for swap, one in past
        ]
        earlier = self._outcomes.before_notes(project, environment, [one for _, one in past])
        records += [self._made(_name_of(one), one) for one in earlier]
        return _Newest(records=tuple(sorted(records, key=_began)))

    def _rebuilt(self, project: str, environment: str) -> _Newest:
        noted = self._noted(project, environment)
        return self._sealed(project, environment, list(noted.records), ())

    def _sealed(
        self,
        project: str,
        environment: str,
        records: list[DeploymentRecord],
        segments: tuple[str, ...],
    ) -> _Newest:
        """Store segments of what is old enough; one that nobody comes to name is never read."""
        names = list(segments)
        while len(records) >= 2 * SEGMENT:
            oldest = records[:SEGMENT]
            if any(one.is_under_way for one in oldest):
                break  # it has an end to come
            value = {"records": [one.to_json() for one in oldest]}
            digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
            name = f"{len(names):06d}_{digest[:16]}"
            self._records.put_new(_segment(project, environment, name), value)
            names.append(name)
            del records[:SEGMENT]
        return _Newest(records=tuple(records), segments=tuple(names))

    def _is_sealed(self, newest: _Newest, made: DeploymentRecord) -> bool:
        """Tell whether a deployment is in a segment, or may be in one that was taken away."""
        if any(one.swap == made.swap for one in newest.records):
            return False
        where = made.release.project, made.environment
        try:
            segments = (self._segment(*where, name) for name in reversed(newest.segments))
            return any(one.swap == made.swap for segment in segments for one in segment)
        except RecordRefused:
            return True

    def _segment(self, project: str, environment: str, name: str) -> Sequence[DeploymentRecord]:
        found = self._records.get(_segment(project, environment, name))
        if found is None:
            msg = f"{_segment(project, environment, name)} was taken away"
            advice = "`fab rebuild` makes it again, of what is noted of each deployment"
            raise RecordRefused(msg, advice=advice)
        return [DeploymentRecord.from_json(one) for one in found["records"]]

    def _made(self, swap: str, past: PastDeployment) -> DeploymentRecord:
        release: Release = past.release
        return DeploymentRecord.of(swap, past, self._commit(release.project, release.version))

    def _commit(self, project: str, version: str) -> CommitLine:
        try:
            return CommitLine.of(self._catalogue.find(project, version).checkout)
        except (ReleaseNotFound, RecordRefused):
            return CommitLine()

    def _chains(self, project: str) -> Chains:
        return Chains(self._records, f"history/{project}")


def deployments() -> Deployments:
    """Return those in the store of Airflow's configuration."""
    return Deployments(artifact_store())


def newest_of(records: Sequence[DeploymentRecord], segments: Sequence[str]) -> Json:
    """Return what the newest object of an environment holds.

    :param records: the last deployments, the oldest first.
    :param segments: the names of those before, the oldest first.
    """
    return _Newest(records=tuple(records), segments=tuple(segments)).to_json()


def _began(one: DeploymentRecord) -> tuple[float, str]:
    return one.started_at, one.swap


def _is_late(newest: _Newest, made: DeploymentRecord) -> bool:
    """Tell whether something happened to a deployment of a segment, or that belongs in one."""
    if not newest.segments or any(one.swap == made.swap for one in newest.records):
        return False
    return _began(made) < _began(newest.records[0])


def _name_of(past: PastDeployment) -> str:
    """Name a deployment of before there were names, by its run."""
    note = past.notes[0]
    words = "\0".join((note.environment, note.release.version, note.run_id, str(note.at)))
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _segment(project: str, environment: str, name: str) -> str:
    return f"history/{project}/{environment}/{name}.json"
