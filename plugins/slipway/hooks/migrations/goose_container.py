"""A container of the toolbox in which goose runs, beside a session that watches the database."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from slipway.hooks.migrations import goose_watch
from slipway.hooks.migrations.database_state import Seen
from slipway.hooks.tars import append, pack
from slipway.hooks.tools.tool_secrets import postgres_password
from slipway.hooks.tools.toolbox import WORK

if TYPE_CHECKING:
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.hooks.tools.toolbox import Toolbox

TABLE = "goose_db_version"
READ_ONLY = "-c default_transaction_read_only=on"
# Part of the toolbox: runs a command under goose's advisory lock.
_ALONE = "migration-lock"
_WATCH = "goose_watch.py"
_NAME = "slipway"


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What came of one container.

    :param exit_code: the container's.
    :param lines: for people.
    :param seen: what was seen beside them.
    :param seconds: how long it took.
    """

    exit_code: int
    lines: Sequence[str]
    seen: Seen
    seconds: float


@dataclass(frozen=True, kw_only=True)
class GooseContainer:
    """Runs goose with one commit's files on one database.

    What goose is told stands on its command line: its environment has the project's variables and
    nothing else, since every migration can read it.

    :param toolbox: where it runs; it must reach the database.
    :param migrations: the files.
    :param url: the database, with its password, which is read from a file.
    :param log: receives the lines, and whom goose waits for.
    :param timeout: seconds for each run.
    :param env: the project's variables.
    """

    toolbox: Toolbox
    migrations: MigrationFiles
    url: str
    log: Callable[[str], None]
    timeout: float
    env: Mapping[str, str]

    def look(self) -> Output:
        """Ask what is applied, and which indexes are invalid."""
        return self._run({"state": True}, ())

    def run(
        self,
        *command: str,
        options: Sequence[str],
        refuse: Sequence[str] = (),
        patience: float | None = None,
    ) -> Output:
        """Run goose.

        :param command: of goose.
        :param options: of the session, as in ``PGOPTIONS``.
        :param refuse: indexes that must not be there in an invalid state.
        :param patience: seconds to wait for others who migrate the database; None is not at all.
        :raises StepTimedOut: when it runs longer than it may.
        """
        lock = () if patience is None else (_ALONE, f"{patience:.0f}")
        return self._run({"refuse": list(refuse)}, self._goose(command, options), lock)

    def _goose(self, command: Sequence[str], options: Sequence[str]) -> tuple[str, ...]:
        url, password = postgres_password(self.url)
        settings = {
            "options": " ".join(options),
            "application_name": _NAME,
            "connect_timeout": "10",
            "passfile": password.environment.get("PGPASSFILE", ""),
        }
        written = urlencode({name: one for name, one in settings.items() if one}, quote_via=quote)
        parts = urlsplit(url)
        query = f"{parts.query}&{written}" if parts.query else written
        return (
            "goose",
            "-dir",
            f"{WORK}/{self.migrations.directory}",
            "-table",
            TABLE,
            "-env",
            "none",
            "postgres",
            parts._replace(query=query).geturl(),
            *command,
        )

    def _run(
        self, wanted: Mapping[str, object], command: Sequence[str], lock: Sequence[str] = ()
    ) -> Output:
        seen, lines = Seen(log=self.log), list[str]()

        def log(block: str) -> None:
            goose_said = [line for line in block.split("\n") if not seen.take(line)]
            lines.extend(goose_said)
            if goose_said:
                self.log("\n".join(goose_said))

        url, password = postgres_password(self.url)
        told = json.dumps({"mark": seen.mark, "names": sorted(self.env), **wanted})
        result = self.toolbox.run(
            *lock,
            "python3",
            "-I",
            f"{WORK}/{_WATCH}",
            told,
            *command,
            files=_with_program(self.migrations.archive),
            environment={
                **self.env,
                "GOOSE_DBSTRING": url,
                "PGAPPNAME": _NAME,
                **password.environment,
            },
            secrets=password.files,
            timeout=self.timeout,
            log=log,
        )
        return Output(exit_code=result.exit_code, lines=lines, seen=seen, seconds=result.seconds)


@cache
def _program() -> bytes:
    return pack({_WATCH: Path(goose_watch.__file__).read_bytes()})


def _with_program(archive: bytes) -> bytes:
    joined = io.BytesIO()
    joined.write(_program())
    append(joined, io.BytesIO(archive))
    return joined.getvalue()
