"""goose, the keeper of the schema, in a toolbox container."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from slipway.exceptions import (
    MigrationFailed,
    StepTimedOut,
    ToolFailed,
)
from slipway.hooks.migrations import goose_watch
from slipway.hooks.migrations.goose_container import READ_ONLY, GooseContainer
from slipway.hooks.migrations.goose_failure import (
    Attempt,
    after_half,
    half_done,
    in_the_way,
    kept_elsewhere,
    right_missing,
)
from slipway.hooks.migrations.goose_output import applied_in, version_in
from slipway.hooks.migrations.index_statements import creates_first

if TYPE_CHECKING:
    from slipway.hooks.migrations.database_state import InvalidIndex
    from slipway.hooks.migrations.goose_container import Output
    from slipway.hooks.migrations.goose_file import GooseFile
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.hooks.tools.toolbox import Toolbox

# Without an end.
_UNLIMITED = ("-c lock_timeout=0", "-c statement_timeout=0")


@dataclass(frozen=True, kw_only=True, slots=True)
class GooseRun:
    """What one run of goose did.

    :param version: the database's, afterwards.
    :param applied: the files that it ran, in order.
    :param seconds: how long it took.
    :param invalid: indexes that no query uses, afterwards.
    """

    version: int
    applied: tuple[str, ...]
    seconds: float
    invalid: tuple[InvalidIndex, ...] = ()

    def then(self, other: GooseRun) -> GooseRun:
        """Put a later run behind this one."""
        return GooseRun(
            version=other.version,
            applied=(*self.applied, *other.applied),
            seconds=self.seconds + other.seconds,
            invalid=other.invalid,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseState:
    """Where a database stands.

    :param applied: numbers of the migrations that it has.
    :param invalid: indexes that no query uses.
    """

    applied: frozenset[int] = frozenset()
    invalid: tuple[InvalidIndex, ...] = ()

    @property
    def version(self) -> int:
        """The highest of them; 0 where goose has never been."""
        return max(self.applied, default=0)


@dataclass(frozen=True, kw_only=True)
class Goose:
    """Migrates one database with one commit's files.

    A file with ``-- +goose NO TRANSACTION`` is run by itself, without a limit for locks and
    statements: it waits for others without keeping anybody from the table, and what is cut short
    there stays half done.

    :param toolbox: where goose runs; it must reach the database.
    :param migrations: the files.
    :param url: the database, with its password, which goose reads from a file.
    :param log: receives goose's lines, and whom it waits for.
    :param timeout: seconds for each run.
    :param lock_timeout: seconds that a statement waits for a lock before it gives up, so that a
        migration queues the service's own queries behind it no longer than that.
    :param statement_timeout: seconds that a statement may take; None is as the server has it.
    :param patience: seconds to wait for others who migrate the same database, under an advisory
        lock; None for a database that is nobody else's.
    :param env: the variables that ``ENVSUB`` sees; goose's environment has no others.
    :param connection: Airflow connection of the database, for messages.
    """

    toolbox: Toolbox
    migrations: MigrationFiles
    url: str
    log: Callable[[str], None]
    timeout: float
    lock_timeout: float = 5.0
    statement_timeout: float | None = None
    patience: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    connection: str = ""

    def state(self) -> DatabaseState:
        """Ask what is applied and change nothing, not even to make goose's table.

        :raises RightMissing: when the role must not read goose's table.
        :raises EnvironmentMisconfigured: when the database turns us away.
        :raises ToolFailed: when another try may help.
        """
        output = self._container.look()
        if output.exit_code == goose_watch.NO_SESSION:
            self._say_why_not()
        if output.seen.trouble is not None:
            code, said = output.seen.trouble
            msg = f"the database does not say what is applied: {said}"
            if code == "42501":
                reason = f"ERROR: {said} (SQLSTATE {code})"
                raise right_missing(msg, reason, self._role, self.connection)
            raise ToolFailed(msg)
        if output.exit_code != 0:
            msg = f"the database cannot be looked at: {output.lines[-3:]}"
            raise ToolFailed(msg)
        if output.seen.elsewhere:
            raise kept_elsewhere(output.seen.elsewhere, self._role)
        return DatabaseState(applied=output.seen.applied, invalid=output.seen.before)

    def look(self) -> int:
        """Ask for the database's version, as :meth:`state` does."""
        version = self.state().version
        self.log(f"the database has schema {version}")
        return version

    def apply(self, pending: Sequence[int], fence: Callable[[], None]) -> GooseRun:
        """Apply migrations to a database that others use.

        :param pending: their numbers, ascending; all that the database lacks.
        :param fence: called before each run.
        :raises MigrationFailed: when a file is at fault, or an invalid index is in its way, or it
            was cut short and has no transaction.
        :raises RightMissing: when the role must not do what a file does.
        :raises ToolFailed: when another try may help.
        """
        self.migrations.require_variables(self.env, pending)
        done = GooseRun(version=0, applied=(), seconds=0.0)
        refuse = creates_first(self._files(pending))
        for batch in self._batches(pending):
            fence()
            done = done.then(self._run("up-to", str(batch[-1]), batch=batch, refuse=refuse))
        return done

    def up(self, *, to: int | None = None, direction: str = "up") -> GooseRun:
        """Apply what is not applied, in one run.

        :param to: the last one; None is all.
        :param direction: for messages.
        """
        numbers = [number for number in self.migrations.names if to is None or number <= to]
        self.migrations.require_variables(self.env, numbers)
        command = ("up",) if to is None else ("up-to", str(to))
        return self._run(*command, direction=direction)

    def down_to(self, version: int) -> GooseRun:
        """Undo everything above a version.

        :param version: 0 undoes everything.
        """
        return self._run("down-to", str(version), direction="down")

    def _files(self, numbers: Collection[int]) -> list[GooseFile]:
        files = self.migrations.files
        return [files[number] for number in numbers if number in files]

    def _batches(self, pending: Sequence[int]) -> Iterator[tuple[int, ...]]:
        """Part what is pending: files without a transaction are run one by one.

        Behind one that sets limits of its own a session begins that has the project's.
        """
        batch: list[int] = []
        for number in pending:
            if batch and (self._is_alone(number) or self._ends_session(batch[-1])):
                yield tuple(batch)
                batch = []
            batch.append(number)
        if batch:
            yield tuple(batch)

    def _is_alone(self, number: int) -> bool:
        file = self.migrations.files.get(number)
        return file is not None and not file.transactional

    def _ends_session(self, number: int) -> bool:
        file = self.migrations.files.get(number)
        return file is not None and (not file.transactional or file.sets_limits)

    def _run(
        self,
        *command: str,
        direction: str = "up",
        batch: tuple[int, ...] = (),
        refuse: Collection[str] = (),
    ) -> GooseRun:
        """Run goose once.

        :param batch: what it applies to a database that others use.
        :param refuse: indexes that must not be there in an invalid state.
        """
        alone = self.migrations.files[batch[0]] if batch and self._is_alone(batch[0]) else None
        try:
            output = self._container.run(
                *command,
                options=_UNLIMITED if alone else self._limits(),
                refuse=sorted(refuse),
                patience=self.patience,
            )
        except StepTimedOut as error:
            if alone is None:
                raise
            msg = f"migration {alone.name} was cut short: {error.message}{half_done(alone)}"
            raise MigrationFailed(msg, advice=after_half(alone, ())) from error
        if output.exit_code == goose_watch.IN_THE_WAY:
            raise in_the_way(output.seen.in_the_way(refuse))
        if output.exit_code != 0:
            raise self._attempt(output, direction, batch).failure()
        version = version_in(output.lines)
        if version is None:
            msg = f"goose did not say which version the database has: {output.lines[-3:]}"
            raise ToolFailed(msg)
        return GooseRun(
            version=version,
            applied=applied_in(output.lines),
            seconds=output.seconds,
            invalid=output.seen.left or (),
        )

    def _limits(self) -> tuple[str, ...]:
        limits = (f"-c lock_timeout={round(self.lock_timeout * 1000)}",)
        if self.statement_timeout is None:
            return limits
        return (*limits, f"-c statement_timeout={round(self.statement_timeout * 1000)}")

    def _attempt(self, output: Output, direction: str, batch: tuple[int, ...]) -> Attempt:
        there_before = {one.index for one in output.seen.before}
        return Attempt(
            lines=output.lines,
            direction=direction,
            role=self._role,
            connection=self.connection,
            files=self._files(batch or tuple(self.migrations.files)),
            holders=output.seen.holders,
            left=[one for one in output.seen.left or () if one.index not in there_before],
            shared=bool(batch),
        )

    @property
    def _role(self) -> str:
        return unquote(urlsplit(self.url).username or "")

    @cached_property
    def _container(self) -> GooseContainer:
        return GooseContainer(
            toolbox=self.toolbox,
            migrations=self.migrations,
            url=self.url,
            log=self.log,
            timeout=self.timeout,
            env=self.env,
        )

    def _say_why_not(self) -> None:
        """Let goose meet what kept us out: it says more about it.

        :raises SlipwayError: when it does.
        """
        output = self._container.run("version", options=(READ_ONLY,))
        if output.exit_code != 0:
            raise self._attempt(output, "to its version", ()).failure()
        msg = "goose can connect to the database, and libpq cannot"
        raise ToolFailed(msg)
