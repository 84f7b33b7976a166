"""An environment's database, brought to a release's schema; and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import MigrationFailed, SlipwayError
from slipway.hooks.migrations.index_statements import creates_first
from slipway.hooks.migrations.migration_lineage import require_in_order
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.model.facts import Release, SchemaVersion
from slipway.policies.schema import OnRollBack, check_schema

if TYPE_CHECKING:
    from slipway.hooks.migrations.goose import DatabaseState, Goose


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """One release and one database.

    :param goose: with the release's files, on the database.
    :param release: the release.
    :param environment: whose database it is; empty where nothing is written down of it.
    :param on_roll_back: whether the release may meet a database that is ahead of it.
    :param records: where it is written down how far databases have come.
    :param log: receives what there is to say.
    :param warn: receives what somebody should look at.
    :param heavy: describes what keeps others from a large table, of what is still to be applied to
        a database of that schema, or refuses it.
    """

    goose: Goose
    release: Release
    environment: str
    on_roll_back: OnRollBack
    records: SchemaRecords
    log: Callable[[str], None]
    warn: Callable[[str], None]
    heavy: Callable[[int], Sequence[str]] = lambda _: ()

    def forecast(self) -> str:
        """Say in a line what would be applied; the database is only ever read.

        :raises SchemaAhead: when the database is ahead, and the project says ``stop``.
        :raises MigrationFailed: when a file would be refused, or would find an index in its way.
        """
        state = self.goose.state()
        pending, ahead = self._judge(state)
        if ahead:
            return ahead
        migrations = self.goose.migrations
        if not pending:
            return f"{state.version}, and nothing to apply"
        migrations.require_variables(self.goose.env, pending)
        files = [migrations.files[number] for number in pending]
        made = creates_first(files)
        if in_the_way := [one for one in state.invalid if one.name in made]:
            msg = f"the migration would stop: {in_the_way[0].said}"
            raise MigrationFailed(msg, advice=f"beforehand: {in_the_way[0].drop}")
        names = [one.name + (" (cannot be undone)" if one.irreversible else "") for one in files]
        applies = f"{state.version} -> {migrations.highest}, applies {', '.join(names)}"
        told = (" ".join(one.split()) for one in self.heavy(state.version))
        return "; ".join([applies, *told])

    def apply(self, fence: Callable[[], None]) -> SchemaVersion:
        """Apply what the database lacks, and write down how far it has come, also after a failure.

        :param fence: called before each run of goose.
        :raises SlipwayError: as :meth:`forecast` does, and :meth:`Goose.apply`.
        """
        state = self.goose.state()
        pending, ahead = self._judge(state)
        if ahead:
            self.log(ahead)
            return SchemaVersion(version=state.version, before=state.version, seconds=0.0)
        for told in self.heavy(state.version) if pending else ():
            self.warn(told)
        try:
            run = self.goose.apply(pending, fence)
        except SlipwayError:
            with suppress(SlipwayError):
                if (reached := self.goose.state().version) != state.version:
                    self._write_down(state.version, reached)
            raise
        version = run.version if pending else state.version
        self._write_down(state.version, version)
        self.log(f"schema {state.version} -> {version}, {len(run.applied)} migrations applied")
        for one in set(run.invalid) - set(state.invalid):
            self.warn(f"{one.said}; cure: {one.cure}")
        return SchemaVersion(
            version=version, before=state.version, applied=run.applied, seconds=run.seconds
        )

    def _judge(self, state: DatabaseState) -> tuple[list[int], str | None]:
        """Return what is to be applied, and what to say of a database that is ahead."""
        for one in state.invalid:
            self.warn(f"{one.said}; cure: {one.cure}")
        migrations = self.goose.migrations
        for remark in migrations.remarks():
            self.warn(remark)
        where = f"the database of {self.environment}" if self.environment else "the database"
        require_in_order(migrations, state.applied, where)
        ahead = check_schema(
            self.on_roll_back,
            database=state.version,
            release=migrations.highest,
            version=self.release.version,
            irreversible=self._irreversible(state.version),
        )
        return [number for number in migrations.names if number not in state.applied], ahead

    def _irreversible(self, database: int) -> list[str]:
        highest = self.goose.migrations.highest
        if database <= highest or not self.environment:
            return []
        record = self.records.find(self.release.project, self.environment)
        return record.irreversible_above(highest) if record else []

    def _write_down(self, before: int, version: int) -> None:
        """Write down how far the database has come with this release's files."""
        if not self.environment:
            return
        there = self.records.find(self.release.project, self.environment)
        if there is not None and there.release == self.release:
            before = min(before, there.before)
        irreversible = self.goose.migrations.irreversible
        record = SchemaRecord(
            release=self.release,
            version=version,
            before=before,
            irreversible=tuple(name for at, name in irreversible.items() if at <= version),
        )
        self.records.put(self.environment, record)
