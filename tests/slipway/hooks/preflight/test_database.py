"""What psql answers, however its lines come out of the container."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.preflight.database import DatabaseLook
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.cloud.preflight_facts import DatabaseSeen
from slipway.model.container import ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = json.dumps(
    {
        "role": "shop",
        "schema": "public",
        "may_create": True,
        "read_only": False,
        "ledger": True,
        "foreign": {"orders": "postgres"},
    }
)


def migrations(sql: str) -> MigrationFiles:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("db/2_b.sql")
        entry.size = len(sql)
        tar.addfile(entry, io.BytesIO(sql.encode()))
    return MigrationFiles(archive=packed.getvalue(), directory="db", names={2: "2_b.sql"})


def look(*blocks: str, exit_code: int = 0) -> Any:
    toolbox = mock.create_autospec(Toolbox, instance=True)

    def run(*_: str, log: Callable[[str], None], **__: Any) -> ToolResult:
        for block in blocks:
            log(block)
        return ToolResult(exit_code=exit_code, output_tail=[], collected=None, seconds=0.1)

    toolbox.run.side_effect = run
    asked = DatabaseLook(toolbox=toolbox, connection="shop_dev", url="postgres://shop:x@db/shop")
    return asked.look(migrations("-- +goose Up\nALTER TABLE orders ADD paid boolean;\n"))


@pytest.mark.parametrize(
    "blocks", [(SAID, "[1]"), (f"{SAID}\n[1]",), (f"NOTICE: x\n{SAID}", "[1]")]
)
def test_the_answer_is_read_line_by_line_also_where_lines_come_at_once(
    blocks: tuple[str, ...],
) -> None:
    found = look(*blocks)
    assert isinstance(found, DatabaseSeen), found
    assert (found.pending, found.foreign) == (("2_b.sql",), (("orders", "postgres"),))


def test_who_is_not_let_in_says_why_in_one_line() -> None:
    found = look("psql: error: connection to server failed:\nFATAL: no pg_hba entry", exit_code=2)
    assert (found.passing, found.trouble) == (
        False,
        "lets nobody in: connection to server failed: FATAL: no pg_hba entry",
    )


@pytest.mark.parametrize(
    ("why", "passing"),
    [
        ("unsupported startup parameter in options: statement_timeout", False),
        ("Feature not supported: RDS Proxy currently doesn't support options", False),
        ("the database system is starting up", True),
    ],
)
def test_a_pooler_that_keeps_no_limits_lets_nobody_in(why: str, passing: bool) -> None:
    found = look(f"psql: error: connection to server failed: FATAL: {why}", exit_code=2)
    assert isinstance(found, DatabaseSeen), found
    assert found.passing is passing
