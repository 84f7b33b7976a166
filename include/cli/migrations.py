"""A working copy's migrations from a shell: rehearsed, and told where they keep others waiting."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from include.cli.local.git import local_git
from include.cli.local.working_copy import packed
from slipway.exceptions import MigrationFailed
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.migrations.migration_lineage import require_follows
from slipway.policies.heavy_changes import describe
from slipway.policies.schema import Rehearse
from slipway.tasks.schema.rehearsal import Rehearsal

if TYPE_CHECKING:
    from include.project.model import Migrations
    from slipway.hooks.docker.engine import ContainerEngine


def rehearse_migrations(
    folder: Path,
    migrations: Migrations,
    *,
    branch: str,
    engine: ContainerEngine,
    say: Callable[[str], None],
) -> None:
    """Run a working copy's migrations up, down and up again on a fresh Postgres.

    Where the environments stand is on record in the artifact store, for CI alone. What stands in
    for it is what git has of the delivered branch, as it was fetched last.

    :param folder: the working copy.
    :param migrations: what the project file says of them.
    :param branch: whose commits are delivered.
    :param engine: runs Postgres and goose.
    :param say: receives every line.
    :raises SlipwayError: when something is wrong with them.
    """
    directory = migrations.directory.rstrip("/")
    say(
        f"::group::{migrations.directory}, on "
        f"{migrations.image or f'Postgres {migrations.postgres}'}"
    )
    files = MigrationFiles.from_archive(packed(folder), directory)
    delivered = delivered_migrations(folder, directory, f"origin/{branch}")
    if delivered is not None:
        require_follows(files, delivered, delivered.highest, f"origin/{branch}")
    name = f"slipway-package-{uuid.uuid4().hex[:8]}"
    rehearsal = Rehearsal(
        engine=engine,
        database=f"{name}-postgres",
        goose=f"{name}-goose",
        labels={"slipway.run": name},
        postgres=migrations.postgres,
        extensions=migrations.extensions,
        image=migrations.image or "",
        roles=migrations.roles,
        env=migrations.env,
        rehearse=migrations.rehearse,
        log=say,
    )
    schema = rehearsal.run(files)
    for change in schema.heavy:
        if delivered is None or change.version not in delivered.names:
            say(f"warning: {describe(change)}")
    ways = "up" if migrations.rehearse is Rehearse.UP else "up, down and up again"
    say(f"schema {schema.version}: {ways} works, from an empty database")


def delivered_migrations(folder: Path, directory: str, branch: str) -> MigrationFiles | None:
    """Read the migrations that a working copy was begun with, and that databases may have met.

    :param folder: the working copy.
    :param directory: where they are, from the working copy's top.
    :param branch: that is delivered, as git has it: ``origin/main``.
    :returns: None where git knows of none.
    """
    since = local_git(folder, "merge-base", "HEAD", branch)
    if not since:
        return None
    # Paths are those of the folder, which may lie below the repository's top.
    archive = local_git(folder, "archive", since, "--", directory)
    try:
        return MigrationFiles.from_archive(os.fsencode(archive), directory) if archive else None
    except MigrationFailed:  # it is corrected in the working copy, or not yet
        return None
