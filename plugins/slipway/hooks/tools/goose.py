"""goose, the keeper of the schema, in a toolbox container."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from slipway.exceptions import SlipwayError, ToolFailed
from slipway.hooks.tools.goose_output import applied_in, failure_in, never_migrated, version_in
from slipway.hooks.tools.tool_secrets import postgres_password
from slipway.hooks.tools.toolbox import WORK

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.hooks.tools.migration_files import MigrationFiles
    from slipway.hooks.tools.toolbox import Toolbox

TABLE = "goose_db_version"
# Part of the toolbox: runs a command under goose's advisory lock.
_ALONE = "migration-lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class GooseRun:
    """What one run of goose did.

    :param version: the database's, afterwards.
    :param applied: the files that it ran, in order.
    :param seconds: how long it took.
    """

    version: int
    applied: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Goose:
    """Migrates one database with one commit's files.

    :param toolbox: where goose runs; it must reach the database.
    :param migrations: the files.
    :param url: the database, with its password, which goose reads from a file: its environment is
        open to every migration that asks for ``ENVSUB``.
    :param log: receives goose's lines.
    :param timeout: seconds for each run.
    :param lock_timeout: seconds that a statement waits for a lock before it gives up, so that a
        migration queues the service's own queries behind it no longer than that.
    :param options: further options of the session, as in ``PGOPTIONS``.
    :param patience: seconds to wait for others who migrate the same database, under an advisory
        lock; None for a database that is nobody else's.
    """

    toolbox: Toolbox
    migrations: MigrationFiles
    url: str
    log: Callable[[str], None]
    timeout: float
    lock_timeout: float = 5.0
    options: str = ""
    patience: float | None = None

    def version(self) -> int:
        """Ask for the database's version; 0 where goose has never been."""
        return self._run("version", direction="to its version").version

    def look(self) -> int:
        """Ask for the database's version and change nothing, not even to make goose's table."""
        lines: list[str] = []
        careful = replace(
            self, options=f"{self.options} -c default_transaction_read_only=on", log=lines.append,
            patience=None,
        )  # fmt: skip
        try:
            version = careful.version()
        except SlipwayError:
            if not never_migrated(lines):
                raise
            version = 0
        self.log(f"the database has schema {version}")
        return version

    def up(self, *, direction: str = "up") -> GooseRun:
        """Apply what is not applied.

        :param direction: for messages.
        """
        return self._run("up", direction=direction)

    def down_to(self, version: int) -> GooseRun:
        """Undo everything above a version.

        :param version: 0 undoes everything.
        """
        return self._run("down-to", str(version), direction="down")

    def _run(self, *command: str, direction: str) -> GooseRun:
        """Run goose once.

        :raises MigrationFailed: when a file is at fault.
        :raises RightMissing: when the role must not do what a file does.
        :raises EnvironmentMisconfigured: when the database turns us away.
        :raises ToolFailed: when another try may help.
        """
        lines: list[str] = []

        def log(block: str) -> None:
            lines.extend(block.split("\n"))
            self.log(block)

        folder = f"{WORK}/{self.migrations.directory}"
        alone = () if self.patience is None else (_ALONE, f"{self.patience:.0f}")
        url, password = postgres_password(self.url)
        result = self.toolbox.run(
            *alone, "goose", "-dir", folder, "-table", TABLE, *command,
            files=self.migrations.archive,
            environment={
                "GOOSE_DRIVER": "postgres",
                "GOOSE_DBSTRING": url,
                "PGOPTIONS": f"-c lock_timeout={round(self.lock_timeout * 1000)} {self.options}",
                "PGAPPNAME": "slipway",
                "PGCONNECT_TIMEOUT": "10",
                **password.environment,
            },
            secrets=password.files,
            timeout=self.timeout,
            log=log,
        )  # fmt: skip
        if result.exit_code != 0:
            role = unquote(urlsplit(url).username or "")
            raise failure_in(lines, direction, role=role)
        version = version_in(lines)
        if version is None:
            msg = f"goose did not say which version the database has: {lines[-3:]}"
            raise ToolFailed(msg)
        return GooseRun(version=version, applied=applied_in(lines), seconds=result.seconds)
