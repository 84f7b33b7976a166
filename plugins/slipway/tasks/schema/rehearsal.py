"""Migrations run on a fresh Postgres that was brought to where the environments stand.

From what serves they go up, down to where they came from, and up again, as the database's owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from slipway.exceptions import MigrationFailed, ToolFailed
from slipway.hooks.migrations.file_remarks import file_remarks
from slipway.hooks.migrations.goose import Goose, GooseRun
from slipway.hooks.migrations.migration_lineage import is_behind, require_follows
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.container import BESIDE
from slipway.model.facts import SchemaVersion
from slipway.policies.schema import Rehearse, cannot_be_undone
from slipway.tasks.proof.ddl_meter import Measured, measured
from slipway.tasks.proof.scratch_database import ScratchDatabase
from slipway.tasks.schema.scratch_postgres import scratch_postgres

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.model.schema_facts import LiveProof
    from slipway.tasks.schema.starts import SchemaStart

# Seconds for one run of goose. A rehearsal has no data.
_TIMEOUT = 300.0
_PRISTINE = "slipway_pristine"
# Is given a database without any migration, to be copied, or why there is none.
Prover: TypeAlias = "Callable[[ScratchDatabase | str], tuple[LiveProof, ...]] | None"


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What migrations are rehearsed on.

    :param engine: runs Postgres and goose.
    :param database: name of Postgres' container.
    :param goose: name of goose's container.
    :param labels: on both; whatever carries them is removed, before and afterwards.
    :param postgres: Postgres' major version.
    :param extensions: made beforehand, as whoever runs production's server would.
    :param image: of Postgres, where the usual one lacks what the migrations need.
    :param roles: made beforehand, as they are on production's server.
    :param env: the variables that ``ENVSUB`` sees.
    :param rehearse: whether the way down is rehearsed.
    :param log: receives every line.
    :param prove: tries what serves on the migrated schema.
    """

    engine: ContainerEngine
    database: str
    goose: str
    labels: Mapping[str, str]
    postgres: int
    extensions: tuple[str, ...] = ()
    image: str = ""
    roles: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    rehearse: Rehearse = Rehearse.UP_DOWN_UP
    log: Callable[[str], None]
    prove: Prover = None

    def run(self, migrations: MigrationFiles, starts: Sequence[SchemaStart] = ()) -> SchemaVersion:
        """Rehearse from each start, or from an empty database where there is none.

        :param migrations: the commit's.
        :param starts: where the environments stand.
        :raises MigrationFailed: when a migration is at fault, naming file and direction, or does
            not follow on what an environment has.
        """
        states: list[SchemaStart | None] = [*self.look(migrations, starts)] or [None]
        done = [self._from(migrations, one, last=one is states[-1]) for one in states]
        heavy = dict.fromkeys(change for one in done for change in one.heavy)
        return replace(done[-1], heavy=tuple(heavy))

    def look(self, migrations: MigrationFiles, starts: Sequence[SchemaStart]) -> list[SchemaStart]:
        """Say what can be seen of migrations without a database.

        :param migrations: the commit's.
        :param starts: where the environments stand.
        :returns: the starts from which something might be applied.
        :raises MigrationFailed: when they do not follow on what an environment has.
        """
        self._remark(migrations)
        ahead = [one for one in starts if is_behind(migrations, _applied(one))]
        for one in ahead:
            self.log(f"{one.where} is ahead, at {one.version}: nothing would be applied there")
        starts = [one for one in starts if one not in ahead]
        for one in starts:
            require_follows(migrations, one.migrations, one.version, one.where)
        return starts

    def _remark(self, migrations: MigrationFiles) -> None:
        for remark in migrations.remarks():
            self.log(f"warning: {remark}")
        for file in migrations.files.values():
            for remark in file_remarks(file):
                self.log(f"warning: {remark}")

    def _from(
        self, migrations: MigrationFiles, start: SchemaStart | None, *, last: bool
    ) -> SchemaVersion:
        with scratch_postgres(
            self.engine,
            name=self.database,
            major=self.postgres,
            labels=self.labels,
            extensions=self.extensions,
            image=self.image,
            roles=self.roles,
        ) as scratch:
            database = ScratchDatabase.of(self.engine, self.database, scratch)
            pristine = self._pristine(database)
            if start is not None:
                self._serve(database, start)
            meter = measured(database, migrations, self.log)
            goose = self.goose_for(database, migrations)
            schema = self._there_and_back(goose, start.version if start else 0, meter)
            # It is the same wherever the rehearsal began.
            proofs = self.prove(pristine) if self.prove and last else ()
            return replace(schema, proofs=proofs)

    def goose_for(self, database: ScratchDatabase, migrations: MigrationFiles) -> Goose:
        """Make a goose for a database of this rehearsal.

        :param database: beside the others of its server.
        :param migrations: the files.
        """
        toolbox = Toolbox(
            engine=self.engine,
            name=self.goose,
            labels=self.labels,
            network=database.network,
            user=NOBODY,
            share=BESIDE,
        )
        return Goose(
            toolbox=toolbox,
            migrations=migrations,
            url=database.url,
            log=self.log,
            timeout=_TIMEOUT,
            env=self.env,
        )

    def _pristine(self, database: ScratchDatabase) -> ScratchDatabase | str:
        """Keep a copy of the database as it was made, or say why there is none."""
        if self.prove is None:
            return "nobody asks for it"
        try:
            return database.copied(_PRISTINE)
        except ToolFailed as error:  # a worker of an extension is connected
            return error.message

    def _serve(self, database: ScratchDatabase, start: SchemaStart) -> None:
        """Bring the empty database to where an environment's stands, with the files of then."""
        with self._group(f"what serves: {start.where}, at {start.version}"):
            if start.version:
                self.goose_for(database, start.migrations).up(
                    to=start.version,
                    direction=f"to what serves, as of {start.record.release.version}",
                )

    def _there_and_back(
        self, goose: Goose, start: int, meter: AbstractContextManager[Measured]
    ) -> SchemaVersion:
        with self._group("up"), meter as heavy:
            up = goose.up()
        seconds = up.seconds
        if self.rehearse is Rehearse.UP:
            self.log("the way down is not rehearsed: the project says `rehearse: up`")
        else:
            seconds += self._back(goose, start, up)
        return SchemaVersion(
            version=up.version,
            before=start,
            applied=up.applied,
            seconds=seconds,
            heavy=heavy.changes,
        )

    def _back(self, goose: Goose, start: int, up: GooseRun) -> float:
        """Go down as far as that is possible, and up again; return the seconds."""
        above = {at: name for at, name in goose.migrations.irreversible.items() if at > start}
        floor = max(above, default=start)
        if above:
            self.log(f"{cannot_be_undone(list(above.values()))}: the way down ends at {floor}")
        if floor >= up.version:
            return 0.0
        with self._group(f"down to {floor}"):
            down = goose.down_to(floor)
        with self._group("up again"):
            again = goose.up(direction="up again, after it went down")
        if again.version != up.version:
            msg = f"up leads to {up.version}, but after going down to {floor} to {again.version}"
            raise MigrationFailed(msg, advice="make each Down the reverse of its Up")
        return down.seconds + again.seconds

    @contextmanager
    def _group(self, title: str) -> Iterator[None]:
        """Fold what is said inside, in Airflow's UI."""
        self.log(f"::group::{title}")
        try:
            yield
        finally:
            self.log("::endgroup::")


def _applied(start: SchemaStart) -> list[int]:
    return [number for number in start.migrations.names if number <= start.version]
