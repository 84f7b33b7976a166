"""Looks at an environment's database as its role finds it, and changes nothing."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slipway.hooks.preflight.changed_tables import changed_tables
from slipway.hooks.tars import pack
from slipway.hooks.tools.tool_secrets import postgres_password
from slipway.hooks.tools.toolbox import WORK
from slipway.model.cloud.preflight_facts import DatabaseSeen, Unasked

if TYPE_CHECKING:
    from slipway.hooks.migrations.migration_files import MigrationFiles
    from slipway.hooks.tools.toolbox import Toolbox

_FILE = "look.sql"
# Seconds; whoever takes longer to let somebody in would keep a deployment waiting as well.
_TIMEOUT, _CONNECT = 60.0, "10"
# psql's exit code for a connection that did not come about, or was lost.
_NO_CONNECTION = 2
# What no other try gets past.
_LASTING = re.compile(
    r"authentication failed|does not exist|no pg_hba|permission denied|not permitted to log in|"
    r"no password supplied|does not support SSL|root certificate|unsupported startup|RDS Proxy"
)
# As goose is connected: a pooler that takes no options lets nobody in.
_OPTIONS = "-c statement_timeout=30000"
_QUESTION = """
SELECT json_build_object(
  'role', current_user,
  'schema', current_schema(),
  'may_create', current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE'),
  'read_only', pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
  'ledger', to_regclass('goose_db_version') IS NULL
            OR has_table_privilege(to_regclass('goose_db_version'), 'SELECT')
           AND has_table_privilege(to_regclass('goose_db_version'), 'INSERT'),
  'foreign', (SELECT coalesce(json_object_agg(relname, pg_get_userbyid(relowner)), '{}')
              FROM pg_class
              WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))
                AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                AND NOT pg_has_role(relowner, 'USAGE'))
);
SELECT to_regclass('goose_db_version') IS NOT NULL
   AND has_table_privilege(to_regclass('goose_db_version'), 'SELECT') AS readable \\gset
\\if :readable
SELECT coalesce(json_agg(version_id), '[]') FROM (
  SELECT DISTINCT ON (version_id) version_id, is_applied
  FROM goose_db_version ORDER BY version_id, id DESC
) AS last WHERE is_applied;
\\else
SELECT '[]';
\\endif
"""


@dataclass(frozen=True, kw_only=True)
class DatabaseLook:
    """Asks one database what a migration would meet there.

    :param toolbox: where psql runs; it must reach the database.
    :param connection: Airflow's name for it.
    :param url: of the database, with its password.
    """

    toolbox: Toolbox
    connection: str
    url: str

    def look(self, migrations: MigrationFiles) -> DatabaseSeen | Unasked:
        """Look.

        :param migrations: the release's.
        :raises EnvironmentMisconfigured: for a password that cannot be handed over.
        """
        blocks: list[str] = []
        url, password = postgres_password(self.url)
        result = self.toolbox.run(
            "psql",
            "--no-psqlrc",
            "--no-password",
            "-Atq",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            f"{WORK}/{_FILE}",
            url,
            files=pack({_FILE: _QUESTION.encode()}),
            environment={
                "PGAPPNAME": "slipway",
                "PGCONNECT_TIMEOUT": _CONNECT,
                "PGOPTIONS": _OPTIONS,
                **password.environment,
            },
            secrets=password.files,
            timeout=_TIMEOUT,
            log=blocks.append,
        )
        # What psql writes at once comes at once.
        lines = "\n".join(blocks).split("\n")
        found = [line for line in lines if line.startswith(("{", "["))]
        if result.exit_code == 0 and len(found) == 2:
            return self._read(json.loads(found[0]), json.loads(found[1]), migrations)
        said = " ".join(" ".join(lines).split()).removeprefix("psql: error: ")
        if result.exit_code == _NO_CONNECTION:
            seen = DatabaseSeen(connection=self.connection)
            passing = _LASTING.search(said) is None
            return replace(seen, trouble=f"lets nobody in: {said}", passing=passing)
        return Unasked(what=f"database of connection {self.connection!r}", why=said)

    def _read(
        self, raw: Mapping[str, Any], applied: list[int], migrations: MigrationFiles
    ) -> DatabaseSeen:
        """Put what the database said beside what the release brings.

        A role that may not read goose's table does not learn what is applied: all of it is pending
        then, and only the table itself is to blame.
        """
        ledger = bool(raw["ledger"])
        pending = [number for number in migrations.names if number not in applied]
        texts = _texts(migrations)
        tables = {table for number in pending for table in changed_tables(texts.get(number, ""))}
        foreign = raw["foreign"] if ledger else {}
        return DatabaseSeen(
            connection=self.connection,
            role=raw["role"],
            schema=raw["schema"] or "",
            may_create=bool(raw["may_create"]),
            read_only=bool(raw["read_only"]),
            ledger=ledger,
            pending=tuple(migrations.names[number] for number in pending),
            foreign=tuple(sorted((one, foreign[one]) for one in tables & foreign.keys())),
        )


def _texts(migrations: MigrationFiles) -> dict[int, str]:
    """Read the migrations, by their numbers."""
    texts = {}
    with tarfile.open(fileobj=io.BytesIO(migrations.archive)) as tar:
        for number, name in migrations.names.items():
            entry = tar.extractfile(f"{migrations.directory}/{name}")
            texts[number] = entry.read().decode(errors="replace") if entry else ""
    return texts
