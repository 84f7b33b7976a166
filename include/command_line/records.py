"""Sign the records of before records were signed, once, after a person has looked at them.

``python -m include.command_line.records`` lists what is not signed, ``--sign`` signs it. Whoever
could write the bucket until now could write these records as well, so look before you sign: the
commits and the packages' digests should be known to the repositories that they are from.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from slipway.deb_version import upstream
from slipway.exceptions import RecordRefused, SlipwayError
from slipway.hooks.artifact_store import ArtifactStore, artifact_store
from slipway.hooks.deployment_history import DeploymentHistory
from slipway.hooks.release_catalogue import ReleaseRecord
from slipway.hooks.signed_records import SignedRecords


def unsigned_releases(store: ArtifactStore) -> Iterator[tuple[str, ReleaseRecord]]:
    """Find the release records without a signature: path, and what stands there.

    :raises RecordRefused: for what is no record, or not about the release that its path names.
    """
    records = SignedRecords(store)
    for project in store.keys("releases"):
        for path in records.unsigned(f"releases/{project}"):
            record = _read(store, path)
            release, package = record.checkout.release, record.package
            named = f"releases/{release.project}/{release.version}.json"
            version = upstream(package.version)
            if (named, package.release, version) != (path, release, release.version):
                msg = f"{path} is about {release.project} {release.version}"
                raise RecordRefused(msg, advice="somebody moved it there: remove it")
            yield path, record


def _read(store: ArtifactStore, path: str) -> ReleaseRecord:
    try:
        return ReleaseRecord.from_json(store.get_json(path))
    except (AttributeError, TypeError, ValueError) as error:
        msg = f"{path} is no release's record"
        raise RecordRefused(msg, advice="somebody else put it there: remove it") from error


def environments(store: ArtifactStore) -> Iterator[tuple[str, str]]:
    """List each project and environment that something was deployed to."""
    for project in store.keys("deployments"):
        for environment in store.keys(f"deployments/{project}"):
            yield project, environment


def review(store: ArtifactStore, *, sign: bool, out: TextIO) -> int:
    """List what is not signed, and sign it if that was asked for.

    :param sign: a person has looked.
    :returns: how many records there were.
    :raises EnvironmentMisconfigured: when there is no key to sign with.
    """
    records, history, count = SignedRecords(store), DeploymentHistory(store), 0
    for path, record in list(unsigned_releases(store)):
        count += 1
        out.write(
            f"{path}: commit {record.checkout.release.sha} of {record.checkout.repository}, "
            f"{record.package.name} {record.package.version} sha256 {record.package.sha256}\n"
        )
        if sign:
            records.put(path, store.get_json(path))
    for project, environment in environments(store):
        found = history.unsigned(project, environment)
        count += len(found)
        out.writelines(f"{path}\n" for path in found)
        if sign:
            history.adopt(project, environment)
    return count


def main(arguments: list[str] | None = None) -> int:
    """List or sign; returns 1 where something is left to be signed."""
    parser = argparse.ArgumentParser(prog="python -m include.command_line.records")
    parser.add_argument("--sign", action="store_true", help="sign them: somebody has looked")
    given = parser.parse_args(arguments)
    try:
        count = review(artifact_store(), sign=given.sign, out=sys.stdout)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not count:
        sys.stdout.write("every record is signed\n")
        return 0
    if given.sign:
        sys.stdout.write(f"{count} records are signed now\n")
        return 0
    sys.stdout.write(f"{count} records are not signed; --sign signs them, once you have looked\n")
    return 1


if __name__ == "__main__":
    # Let Airflow read connections from its own database: this is no task.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    raise SystemExit(main())
