"""Migrations run up, down and up again on a fresh Postgres, as its database's owner."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import MigrationFailed
from slipway.hooks.tools.goose import Goose
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.facts import SchemaVersion
from slipway.tasks.scratch_postgres import scratch_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.hooks.tools.migration_files import MigrationFiles

# Seconds for one run of goose. A rehearsal has no data.
_TIMEOUT = 300.0


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What migrations are rehearsed on.

    :param engine: runs Postgres and goose.
    :param database: name of Postgres' container.
    :param goose: name of goose's container.
    :param labels: on both; whatever carries them is removed, before and afterwards.
    :param postgres: Postgres' major version.
    :param extensions: made beforehand, as whoever runs production's server would.
    :param log: receives every line.
    """

    engine: ContainerEngine
    database: str
    goose: str
    labels: Mapping[str, str]
    postgres: int
    extensions: tuple[str, ...] = ()
    log: Callable[[str], None]

    def run(self, migrations: MigrationFiles, *, live_version: int = 0) -> SchemaVersion:
        """Rehearse.

        :param live_version: the schema version now live, which the way down leads to.
        :raises MigrationFailed: when a migration is at fault, naming file and direction.
        """
        with scratch_postgres(
            self.engine, name=self.database, major=self.postgres, labels=self.labels,
            extensions=self.extensions,
        ) as scratch:  # fmt: skip
            toolbox = Toolbox(
                engine=self.engine, name=self.goose, labels=self.labels, network=scratch.network,
                user=NOBODY,
            )  # fmt: skip
            goose = Goose(
                toolbox=toolbox, migrations=migrations, url=scratch.url, log=self.log,
                timeout=_TIMEOUT,
            )  # fmt: skip
            # A database that is ahead of the commit is a roll back: there is no way down to it.
            return self._there_and_back(goose, min(live_version, migrations.highest))

    def _there_and_back(self, goose: Goose, floor: int) -> SchemaVersion:
        with self._group("up"):
            up = goose.up()
        with self._group(f"down to {floor}"):
            down = goose.down_to(floor)
        with self._group("up again"):
            again = goose.up(direction="up again, after it went down")
        if again.version != up.version:
            msg = f"up leads to {up.version}, but after going down to {floor} to {again.version}"
            raise MigrationFailed(msg, advice="make each Down the reverse of its Up")
        return SchemaVersion(
            version=again.version, before=0, applied=up.applied,
            seconds=up.seconds + down.seconds + again.seconds,
        )  # fmt: skip

    @contextmanager
    def _group(self, title: str) -> Iterator[None]:
        """Fold what is said inside, in Airflow's UI."""
        self.log(f"::group::{title}")
        try:
            yield
        finally:
            self.log("::endgroup::")
