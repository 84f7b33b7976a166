"""Where a rehearsal starts: what the environments' databases stand at, by the records of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from slipway.exceptions import InputError, ReleaseNotFound
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue

if TYPE_CHECKING:
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.hooks.store.artifacts import ArtifactStore


@dataclass(frozen=True, kw_only=True)
class SchemaStart:
    """One state that databases are in.

    :param record: a release that migrated one of them last, and how far.
    :param environments: whose they are.
    :param migrations: the release's files.
    """

    record: SchemaRecord
    environments: tuple[str, ...]
    migrations: MigrationFiles

    @property
    def version(self) -> int:
        """Goose's number."""
        return self.record.version

    @property
    def where(self) -> str:
        """Whose database it is, for people."""
        names = " and ".join(self.environments)
        return f"the database of {names} (migrated by {self.record.release.version})"


def schema_starts(
    store: ArtifactStore,
    project: str,
    environments: Iterable[str],
    read: Callable[[str], MigrationFiles],
    log: Callable[[str], None],
) -> list[SchemaStart]:
    """List the states that a project's databases are in, the lowest version first.

    :param store: has the records.
    :param project: the project's name.
    :param environments: the names of its environments.
    :param read: returns a commit's files.
    :param log: is told what cannot be known.
    :raises RecordRefused: when a record was not signed here.
    """
    found: dict[tuple[bytes, int], SchemaStart] = {}
    read = cache(read)  # often one release serves everywhere
    for environment in environments:
        record = _standing(store, project, environment)
        if record is None:
            continue
        try:
            migrations = read(record.release.sha)
        except InputError as error:
            log(
                f"what {environment} was migrated with cannot be read, so nothing is rehearsed "
                f"from there: {error.message}"
            )
            continue
        # Of other releases, too, the same files make the same database.
        key = (migrations.archive, record.version)
        if key in found:
            both = (*found[key].environments, environment)
            found[key] = replace(found[key], environments=both)
            continue
        found[key] = SchemaStart(record=record, environments=(environment,), migrations=migrations)
    return sorted(found.values(), key=lambda one: one.version)


def _standing(store: ArtifactStore, project: str, environment: str) -> SchemaRecord | None:
    """Return what is known of a database; before there were records, what served last is."""
    if record := SchemaRecords(store).find(project, environment):
        return record
    served = DeploymentHistory(store).versions(project, environment)
    if not served:
        return None
    try:
        live = ReleaseCatalogue(store).find(project, served[-1])
    except ReleaseNotFound:
        return None
    if live.schema is None:
        return None
    return SchemaRecord(release=live.checkout.release, version=live.schema.version)
