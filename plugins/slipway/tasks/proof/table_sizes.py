"""How large the tables are that a migration keeps others from, in an environment's database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import ToolFailed
from slipway.hooks.tools.tool_secrets import postgres_password
from slipway.policies.heavy_changes import OnHeavy, describe, require_light

if TYPE_CHECKING:
    from slipway.hooks.tools.toolbox import Toolbox
    from slipway.model.schema_facts import HeavyChange

# Bytes from which on a table is large, where the project does not say.
HEAVY_FROM = 100 << 20
_TIMEOUT = 60.0
# A partitioned table is as large as its partitions.
_SIZES = """
with recursive wanted (name, id) as (
  select n, to_regclass(n)::oid from unnest(array[{names}]::text[]) n
), part (name, id) as (
  select name, id from wanted where id is not null
  union select part.name, i.inhrelid from part join pg_inherits i on i.inhparent = part.id
), size as (
  select part.name, sum(pg_total_relation_size(c.oid)) as bytes,
    sum(greatest(c.reltuples, 0))::bigint as rows
  from part join pg_class c on c.oid = part.id group by part.name
)
select coalesce(json_agg(row_to_json(size)), '[]') from size
"""
_UNITS = ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSize:
    """How much there is of a table.

    :param bytes: with its indexes.
    :param rows: as the planner estimates; 0 where nobody has counted yet.
    """

    bytes: int
    rows: int

    def __str__(self) -> str:
        """Say it for people."""
        size = next((f"{self.bytes / n:.3g} {u}" for n, u in _UNITS if self.bytes >= n), "")
        rows = f", about {self.rows:,} rows" if self.rows else ""
        return f"{size or f'{self.bytes} bytes'}{rows}"


@dataclass(frozen=True, kw_only=True)
class HeavyTables:
    """Looks at an environment's database, and changes nothing.

    :param toolbox: where psql runs.
    :param url: the database, with its password.
    :param at_least: bytes from which on a table is large.
    :param policy: what follows where a statement keeps others from one.
    """

    toolbox: Toolbox
    url: str
    at_least: int = HEAVY_FROM
    policy: OnHeavy = OnHeavy.WARN

    def allowed(self, changes: Sequence[HeavyChange], before: int, *, approved: bool) -> list[str]:
        """Describe what is still to come, as :meth:`large` does, if the project allows it.

        :param changes: what the migrations do to tables.
        :param before: the schema that the database has.
        :param approved: a person said yes to a plan that names it.
        :raises HeavyMigration: where the project does not.
        """
        told = self.large(changes, before=before, at_least=self.at_least)
        require_light(self.policy, told, approved=approved)
        return told

    def large(self, changes: Sequence[HeavyChange], *, before: int, at_least: int) -> list[str]:
        """Describe the statements that are still to come and meet a large table.

        :param changes: all that a release's migrations do, as they were rehearsed.
        :param before: the schema that the database has.
        :param at_least: bytes from which on a table is large.
        :raises ToolFailed: when the database does not answer.
        """
        pending = [one for one in changes if one.version > before]
        if not pending:
            return []
        sizes = self.sizes(one.table for one in pending)
        return [
            describe(one, str(sizes[one.table]))
            for one in pending
            if one.table in sizes and sizes[one.table].bytes >= at_least
        ]

    def sizes(self, tables: Iterable[str]) -> dict[str, TableSize]:
        """Ask for the sizes of tables; those that do not exist have none.

        :param tables: their names, with the schema, quoted where they have to be.
        :raises ToolFailed: when the database does not answer.
        """
        names = ",".join("'" + one.replace("'", "''") + "'" for one in sorted(set(tables)))
        url, password = postgres_password(self.url)
        environment = {
            "PGOPTIONS": "-c default_transaction_read_only=on -c statement_timeout=30000",
            "PGAPPNAME": "slipway",
            "PGCONNECT_TIMEOUT": "10",
            **password.environment,
        }
        lines: list[str] = []
        result = self.toolbox.run(
            "psql",
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            url,
            "-c",
            _SIZES.format(names=names),
            environment=environment,
            secrets=password.files,
            timeout=_TIMEOUT,
            log=lines.append,
        )
        if result.exit_code != 0:
            msg = f"the database does not say how large its tables are: {' '.join(lines)[-300:]}"
            raise ToolFailed(msg)
        found = json.loads("\n".join(lines))
        return {
            one["name"]: TableSize(bytes=int(one["bytes"]), rows=int(one["rows"])) for one in found
        }
