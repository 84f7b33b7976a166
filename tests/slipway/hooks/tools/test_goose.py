from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from slipway.exceptions import (
    EnvironmentMisconfigured,
    MigrationFailed,
    RightMissing,
    ToolFailed,
)
from slipway.hooks.tools.goose import Goose
from slipway.hooks.tools.migration_files import MigrationFiles
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.container import ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = MigrationFiles(archive=b"tar", directory="db/migrations", names={1: "1_a.sql"})
URL = "postgres://u:pa%2Fss@db:5432/x"


class Box:
    """A toolbox whose goose writes what it is told."""

    def __init__(self, *lines: str, exit_code: int = 0) -> None:
        self.mock = mock.create_autospec(Toolbox, instance=True)
        self.mock.run.side_effect = self._run
        self._lines = lines
        self._exit_code = exit_code

    def _run(self, *argv: str, log: Callable[[str], None], **_: Any) -> ToolResult:
        for line in self._lines:
            log(line)
        return ToolResult(exit_code=self._exit_code, output_tail=[], collected=None, seconds=1.5)

    def goose(self, log: list[str]) -> Goose:
        return Goose(toolbox=self.mock, migrations=FILES, url=URL, log=log.append, timeout=60)


def test_up_reads_what_goose_did() -> None:
    box = Box("OK   1_a.sql (1ms)", "goose: successfully migrated database to version: 1")
    log: list[str] = []
    run = box.goose(log).up()
    assert (run.version, run.applied, run.seconds) == (1, ("1_a.sql",), 1.5)
    assert len(log) == 2


def test_lines_that_come_at_once_are_read_one_by_one_and_logged_together() -> None:
    box = Box("OK   1_a.sql (1ms)\ngoose: successfully migrated database to version: 1")
    log: list[str] = []
    run = box.goose(log).up()
    assert (run.version, run.applied, len(log)) == (1, ("1_a.sql",), 1)


def test_a_migration_that_reads_gooses_environment_finds_no_password() -> None:
    """As every migration can, with `-- +goose ENVSUB ON`."""
    box = Box("goose: version 7")
    log: list[str] = []
    assert box.goose(log).version() == 7
    argv, options = box.mock.run.call_args
    assert argv == ("goose", "-dir", "/work/db/migrations", "-table", "goose_db_version", "version")
    assert options["environment"]["GOOSE_DBSTRING"] == "postgres://u@db:5432/x"
    assert options["environment"]["PGPASSFILE"] == "/run/secrets/pgpass"
    assert options["secrets"] == {"pgpass": "*:*:*:*:pa/ss\n"}
    assert options["environment"]["PGOPTIONS"].startswith("-c lock_timeout=5000")
    for form in ("pa%2Fss", "pa/ss"):
        assert form not in repr((argv, log, options["environment"]))


def test_looking_reads_only() -> None:
    box = Box("goose: version 7")
    log: list[str] = []
    assert box.goose(log).look() == 7
    argv, options = box.mock.run.call_args
    assert argv[-1] == "version"
    assert "-c default_transaction_read_only=on" in options["environment"]["PGOPTIONS"]
    assert log == ["the database has schema 7"]


def test_looking_at_a_database_that_goose_never_saw_makes_no_table() -> None:
    box = Box(
        'goose run: ERROR: relation "goose_db_version" does not exist (SQLSTATE 42P01); '
        "ERROR: cannot execute CREATE TABLE in a read-only transaction (SQLSTATE 25006)",
        exit_code=1,
    )
    assert box.goose([]).look() == 0


def test_looking_fails_as_anything_else_does() -> None:
    box = Box("goose run: failed to connect to `x`: no such database (SQLSTATE 3D000)", exit_code=1)
    with pytest.raises(EnvironmentMisconfigured):
        box.goose([]).look()


def test_a_failure_names_file_and_direction() -> None:
    box = Box("goose run: ERROR 1_a.sql: boom", exit_code=1)
    with pytest.raises(MigrationFailed, match=r"1_a\.sql fails on the way down: boom"):
        box.goose([]).down_to(0)


def test_a_right_that_is_missing_is_told_with_the_role() -> None:
    box = Box("goose run: ERROR 1_a.sql: ERROR: permission denied to create role (SQLSTATE 42501)",
              exit_code=1)  # fmt: skip
    with pytest.raises(RightMissing, match=r"1_a\.sql (.|\n)*the role 'u' needs: CREATEROLE"):
        box.goose([]).up()


def test_a_goose_that_says_nothing_is_not_believed() -> None:
    with pytest.raises(ToolFailed, match="did not say"):
        Box("something new").goose([]).up()
