"""Sign the records of before records were signed, once, after a person has looked at them.

``python -m include.cli.records`` lists what is not signed and ends with a digest of it;
``--sign DIGEST`` signs exactly what was listed. Whoever could write the bucket until now could
write these records as well, so look before you sign: the commits and the packages' digests should
be known to the repositories that they are from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO, TypeVar

from include.cli.beside_airflow import beside_airflow
from slipway.exceptions import RecordRefused, SlipwayError
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.deployments import DeploymentHistory, Entry
from slipway.hooks.store.releases import ReleaseRecord
from slipway.hooks.store.signed_records import SignedRecords
from slipway.model.deb_version import upstream
from slipway.model.facts import Json, Release
from slipway.model.text.inert import visible

_T = TypeVar("_T")
_NOT_OURS = "somebody else put it there: remove it"


@dataclass(frozen=True, kw_only=True)
class Unsigned:
    """All that is not signed, each object read once: what is shown is what is signed.

    :param releases: the records of releases, by their paths.
    :param deployments: the entries of each project's environment, by their paths.
    """

    releases: dict[str, Json]
    deployments: dict[tuple[str, str], dict[str, Json]]

    @classmethod
    def read(cls, store: ArtifactStore) -> Unsigned:
        """Read and check what carries no signature.

        :raises RecordRefused: for what is no record, or not about what its path names.
        """
        records, history = SignedRecords(store), DeploymentHistory(store)
        releases = {
            path: _read(store, path)
            for project in store.keys("releases")
            for path in records.unsigned(f"releases/{project}")
        }
        deployments = {
            place: {path: _read(store, path) for path in history.unsigned(*place)}
            for place in _environments(store)
        }
        found = cls(releases=releases, deployments=deployments)
        found.check()
        return found

    def check(self) -> None:
        """Make sure that each object is about what its path names."""
        for path, value in self.releases.items():
            record = _record(path, value)
            release, package = record.checkout.release, record.package
            named = f"releases/{release.project}/{release.version}.json"
            version = upstream(package.version)
            if (named, package.release, version) != (path, release, release.version):
                _refuse_moved(path, release)
        for (project, _), entries in self.deployments.items():
            for path, value in entries.items():
                release, entry = _deployed(path, value), Entry.parse(path.rpartition("/")[2])
                if entry is None or (project, entry.version) != (release.project, release.version):
                    _refuse_moved(path, release)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.releases) + sum(map(len, self.deployments.values()))

    @property
    def digest(self) -> str:
        """A SHA-256 of the objects and their paths, in hexadecimal digits."""
        entries = [entry for place in self.deployments.values() for entry in place.items()]
        words = json.dumps([[*self.releases.items()], entries], sort_keys=True)
        return hashlib.sha256(words.encode()).hexdigest()

    def lines(self) -> Iterator[str]:
        """Tell what a person has to know of each."""
        for path, value in self.releases.items():
            record = _record(path, value)
            package = record.package
            yield (
                f"{_seen(path)}: commit {_seen(record.checkout.release.sha)} of "
                f"{_seen(record.checkout.repository)}, {_seen(package.name)} "
                f"{_seen(package.version)} sha256 {_seen(package.sha256)} in "
                f"{_seen(package.repository_url)}"
            )
        for entries in self.deployments.values():
            for path, value in entries.items():
                yield f"{_seen(path)}: commit {_seen(_deployed(path, value).sha)}"

    def sign(self, store: ArtifactStore) -> None:
        """Sign the objects as they were read.

        :raises EnvironmentMisconfigured: when there is no key to sign with.
        """
        records, history = SignedRecords(store), DeploymentHistory(store)
        for path, value in self.releases.items():
            records.put(path, value)
        for (project, environment), entries in self.deployments.items():
            history.adopt(project, environment, entries)


def _environments(store: ArtifactStore) -> Iterator[tuple[str, str]]:
    for project in store.keys("deployments"):
        for environment in store.keys(f"deployments/{project}"):
            yield project, environment


def _read(store: ArtifactStore, path: str) -> Json:
    try:
        found = store.get_json(path)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    msg = f"{visible(path)} is no record"
    raise RecordRefused(msg, advice=_NOT_OURS)


def _record(path: str, value: Json) -> ReleaseRecord:
    return _read_as(ReleaseRecord.from_json, path, value, "release's record")


def _deployed(path: str, value: Json) -> Release:
    return _read_as(Release.from_json, path, value, "deployment's entry")


def _read_as(read: Callable[[Json], _T], path: str, value: Json, what: str) -> _T:
    try:
        return read(value)
    except (AttributeError, TypeError, ValueError) as error:
        msg = f"{visible(path)} is no {what}"
        raise RecordRefused(msg, advice=_NOT_OURS) from error


def _refuse_moved(path: str, release: Release) -> None:
    msg = f"{visible(path)} is about {_seen(release.project)} {_seen(release.version)}"
    raise RecordRefused(msg, advice="somebody moved it there: remove it")


def _seen(text: object) -> str:
    return visible(str(text))


def review(store: ArtifactStore, *, sign: str | None, out: TextIO) -> int:
    """List what is not signed, and sign it if it is what somebody has looked at.

    :param store: that has the records.
    :param sign: the digest of the list that a person has looked at.
    :param out: where it is written.
    :returns: how many records are left to be signed.
    :raises RecordRefused: when something is not what it should be, or the list is another one.
    :raises EnvironmentMisconfigured: when there is no key to sign with.
    """
    found = Unsigned.read(store)
    out.writelines(f"{line}\n" for line in found.lines())
    if not found.count:
        out.write("every record is signed\n")
        return 0
    if sign is None:
        out.write(
            f"{found.count} records are not signed; once you have looked at them, "
            f"`--sign {found.digest}` signs these and no others\n"
        )
        return found.count
    if sign != found.digest:
        msg = "this is not the list that was looked at, so nothing was signed"
        advice = f"look at what stands above; `--sign {found.digest}` signs it"
        raise RecordRefused(msg, advice=advice)
    found.sign(store)
    out.write(f"{found.count} records are signed now\n")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """List or sign; returns 1 where something is left to be signed, 2 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.records")
    parser.add_argument(
        "--sign", metavar="DIGEST", help="sign what was listed with this digest: somebody looked"
    )
    given = parser.parse_args(arguments)
    try:
        left = review(artifact_store(), sign=given.sign, out=sys.stdout)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
