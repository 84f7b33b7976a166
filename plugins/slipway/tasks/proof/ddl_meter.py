"""Measures in a scratch database which statements keep others from a table for long."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from slipway.exceptions import ToolFailed
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.model.schema_facts import HeavyChange
from slipway.policies.heavy_changes import heavy_changes
from slipway.tasks.proof.ddl_meter_sql import INSTALL, READ, REMOVE
from slipway.tasks.proof.scratch_database import ScratchDatabase


@dataclass
class Measured:
    """What was measured, once the block that is measured has ended."""

    changes: tuple[HeavyChange, ...] = ()


@contextmanager
def measured(
    database: ScratchDatabase, migrations: MigrationFiles, log: Callable[[str], None]
) -> Iterator[Measured]:
    """Measure every migration that is applied to a database meanwhile.

    Where that is not possible, the log says so and nothing is measured: it stops nobody.

    :param database: migrated before, or not.
    :param migrations: the files.
    :param log: receives what there is to say.
    """
    found = Measured()
    try:
        database.as_superuser(INSTALL)
    except ToolFailed as error:
        log(f"warning: what locks a table for long is not measured: {error.message}")
        yield found
        return
    yield found
    try:
        seen = _seen(database)
        database.as_superuser(REMOVE)
    except (ToolFailed, ValueError) as error:
        log(f"warning: what locks a table for long could not be read: {error}")
        return
    found.changes = heavy_changes(seen, migrations.names, _texts(migrations))


def _seen(database: ScratchDatabase) -> list[Mapping[str, Any]]:
    """Read what was noted; a busy engine may lose what a program says, so once more."""
    try:
        return list(json.loads(database.as_superuser(READ)))
    except ValueError:
        return list(json.loads(database.as_superuser(READ)))


def _texts(migrations: MigrationFiles) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(migrations.archive)) as tar:
        files = [(entry, tar.extractfile(entry)) for entry in tar if entry.isreg()]
        return {
            PurePosixPath(entry.name).name: file.read().decode(errors="replace")
            for entry, file in files
            if file is not None
        }
