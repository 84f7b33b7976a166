"""What a release that goes leaves behind in the database, told to whoever went back."""

from __future__ import annotations

from collections.abc import Callable

from slipway.exceptions import RecordRefused
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.target import DeployTarget
from slipway.policies.schema import cannot_be_undone


def tell_schema(target: DeployTarget, version: str, warn: Callable[[str, str], None]) -> None:
    """Say where the database stays: the release that serves on was not written for it.

    :param target: the environment.
    :param version: of the release that goes.
    :param warn: a logger's method.
    """
    try:
        record = SchemaRecords(artifact_store()).find(target.project, target.environment)
    except RecordRefused as error:
        warn("%s", error.message)
        return
    if record is not None and record.release.version == version:
        for said in schema_that_stays(record):
            warn("%s", said)


def schema_that_stays(record: SchemaRecord) -> list[str]:
    """Say what a release left in the database; nothing where it migrated nothing.

    :param record: of the database, which that release migrated last.
    """
    if record.version == record.before:
        return []
    said = [
        f"the database stays at schema {record.version}, where {record.release.version} brought it "
        f"from {record.before}: nothing is migrated down, and what serves now runs on it"
    ]
    if names := record.irreversible_above(record.before):
        said.append(
            f"{cannot_be_undone(names)}: look whether what serves can live without what was taken "
            "away or rewritten; if not, bring a release that can, or a backup"
        )
    return said
