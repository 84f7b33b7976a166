"""Which releases failed where: a swap that went back leaves a note, which a success takes away."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from slipway.hooks.store.signed_records import SignedBook
from slipway.model.facts import Fact, Release
from slipway.model.text.inert import visible

_FAILURES, _SUFFIX = "failures", ".json"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FailedDeployment(Fact):
    """That a release was rolled back.

    :param version: the release.
    :param environment: where it failed.
    :param at: seconds since 1970.
    :param run_id: the run that brought it there.
    :param tasks: that failed, without the name of their group; empty where nobody could say.
    """

    version: str
    environment: str
    at: int
    run_id: str
    tasks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say where it failed, and at what."""
        at = f" ({', '.join(map(visible, self.tasks))})" if self.tasks else ""
        return f"failed on {self.environment}{at}"

    @property
    def warning(self) -> str:
        """Say so to somebody who deploys it all the same."""
        return f"{self.version} {self} the last time it went there"


class FailedDeployments(SignedBook):
    """Signed notes under ``failures/<project>/<environment>/<version>.json``, the last of each."""

    def note(
        self, release: Release, environment: str, *, run_id: str, tasks: Sequence[str] = ()
    ) -> None:
        """Note that a release was rolled back.

        :param release: that did not prove itself.
        :param environment: where.
        :param run_id: the run that brought it there.
        :param tasks: that failed.
        """
        failed = FailedDeployment(
            version=release.version,
            environment=environment,
            at=int(self._clock()),
            run_id=run_id,
            tasks=tuple(tasks),
        )
        self._records.put(_key(release.project, environment, release.version), failed.to_json())

    def forget(self, release: Release, environment: str) -> None:
        """Drop the note: the release has proved itself since.

        :param release: that serves.
        :param environment: where.
        """
        self._store.delete(_key(release.project, environment, release.version))

    def find(
        self, project: str, environment: str, versions: Iterable[str]
    ) -> dict[str, FailedDeployment]:
        """Return the notes on some releases, by their versions.

        :param project: the project's name.
        :param environment: where they may have failed.
        :param versions: of the releases that are asked about.
        :raises RecordRefused: when a note was not written by Slipway.
        """
        listed = {
            name.removesuffix(_SUFFIX)
            for name in self._store.keys(_folder(project, environment))
            if name.endswith(_SUFFIX)
        }
        found = {}
        for version in listed.intersection(versions):
            record = self._records.get(_key(project, environment, version))
            if record is not None:
                found[version] = FailedDeployment.from_json(record)
        return found

    def on(self, project: str, environment: str) -> list[FailedDeployment]:
        """Return the notes of one environment.

        :param project: the project's name.
        :param environment: the environment's.
        :raises RecordRefused: when a note was not written by Slipway.
        """
        names = self._store.keys(_folder(project, environment))
        versions = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        return list(self.find(project, environment, versions).values())

    def everywhere(self, project: str, version: str) -> list[FailedDeployment]:
        """Return the notes on one release, of every environment.

        :param project: the project's name.
        :param version: the release.
        :raises RecordRefused: when a note was not written by Slipway.
        """
        places = self._store.keys(f"{_FAILURES}/{project}")
        notes = (self.find(project, place, [version]).get(version) for place in places)
        return [note for note in notes if note is not None]


def _folder(project: str, environment: str) -> str:
    return f"{_FAILURES}/{project}/{environment}"


def _key(project: str, environment: str, version: str) -> str:
    return f"{_folder(project, environment)}/{version}{_SUFFIX}"
