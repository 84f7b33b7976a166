"""One database of a scratch Postgres, seen by whoever runs its server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slipway.exceptions import ToolFailed

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.tasks.schema.scratch_postgres import ScratchPostgres

# Seconds for one statement.
_TIMEOUT = 60.0
_PSQL = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1")
# Names mean the server's own things, whatever a migration has made in the database, or set for it.
_OWN = {"PGOPTIONS": "-c search_path=pg_catalog,pg_temp"}
# Only whoever is the database's owner; and nothing changes, whatever the statement is.
_READ_ONLY = {"PGOPTIONS": "-c default_transaction_read_only=on -c statement_timeout=10000"}


@dataclass(frozen=True, kw_only=True)
class ScratchDatabase:
    """A database in the container of a scratch Postgres.

    :param engine: runs the container.
    :param container: its name.
    :param url: of the database's owner, as seen on the container's network.
    :param network: the container's.
    """

    engine: ContainerEngine
    container: str
    url: str
    network: str

    @classmethod
    def of(cls, engine: ContainerEngine, container: str, made: ScratchPostgres) -> ScratchDatabase:
        """Name the first database of a scratch Postgres.

        :param engine: that runs it.
        :param container: its container's name.
        :param made: as it was made.
        """
        return cls(engine=engine, container=container, url=made.url, network=made.network)

    @property
    def name(self) -> str:
        """The database's."""
        return urlsplit(self.url).path.lstrip("/")

    @property
    def owner(self) -> str:
        """The role that owns it."""
        return urlsplit(self.url).username or ""

    def copied(self, name: str) -> ScratchDatabase:
        """Copy it, while nobody is connected to it.

        :param name: the copy's.
        :raises ToolFailed: with what psql said.
        """
        sql = f'create database "{name}" template "{self.name}" owner "{self.owner}"'
        self.as_superuser(sql, database="postgres")
        return replace(self, url=urlsplit(self.url)._replace(path=f"/{name}").geturl())

    def log_failures(self) -> None:
        """Have the server log each statement that fails in it, in English and with its SQLSTATE."""
        settings = (
            "log_min_messages = error",
            "log_error_verbosity = verbose",
            "lc_messages = 'C'",
        )
        for one in settings:
            self.as_superuser(f'alter database "{self.name}" set {one}', database="postgres")

    def as_superuser(self, sql: str, *, database: str = "") -> str:
        """Run SQL as the server's superuser, over its own socket.

        :param sql: Slipway's own, and nobody else's.
        :param database: another one than this.
        :returns: what it answers, unaligned.
        :raises ToolFailed: with what psql said.
        """
        return self._psql("postgres", database or self.name, sql, _OWN)

    def takes(self, statement: str) -> bool:
        """Say whether the database would take a statement: it is prepared, and never run.

        :param statement: anybody's, perhaps with parameters (``$1``).
        """
        try:
            self._psql(self.owner, self.name, f"prepare slipway as {statement}", _READ_ONLY)
        except ToolFailed:
            return False
        return True

    def _psql(self, user: str, database: str, sql: str, environment: dict[str, str]) -> str:
        argv = (*_PSQL, "-U", user, "-d", database, "-c", sql)
        code, said = self.engine.exec(
            self.container, argv, environment=environment, timeout=_TIMEOUT
        )
        if code != 0:
            msg = f"the scratch database refuses: {said.strip()[-500:]}"
            raise ToolFailed(msg)
        return said
