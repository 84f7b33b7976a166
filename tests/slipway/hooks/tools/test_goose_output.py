"""Lines as goose 3.26 wrote them; the integration test shows that it still does."""

from __future__ import annotations

import pytest

from slipway.exceptions import (
    EnvironmentMisconfigured,
    MigrationFailed,
    RightMissing,
    SlipwayError,
    ToolFailed,
)
from slipway.hooks.tools.goose_output import applied_in, failure_in, version_in

AT = "2026/11/23 07:46:11 "
UP = [
    f"{AT}OK   00001_a.sql (937.16µs)",
    f"{AT}EMPTY 00002_b.sql (1.8ms)",
    f"{AT}goose: successfully migrated database to version: 2",
]


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (UP, 2),
        ([f"{AT}goose: no migrations to run. current version: 20240131120000"], 20240131120000),
        ([f"{AT}goose: version 0"], 0),
        ([f"{AT}goose run: no migration files found"], None),
        ([], None),
    ],
)
def test_the_version(lines: list[str], version: int | None) -> None:
    assert version_in(lines) == version


def test_what_was_applied() -> None:
    assert applied_in(UP) == ("00001_a.sql", "00002_b.sql")


def broken(reason: str) -> list[str]:
    return [f"{AT}OK   00001_a.sql (1ms)", f"{AT}goose run: ERROR 00002_b.sql: {reason}"]


CONNECT = "goose run: failed to connect to `user=u database=d`: 10.0.0.1:5432 (db): "


@pytest.mark.parametrize(
    ("lines", "kind", "says"),
    [
        (broken('ERROR: syntax error at or near "tabel" (SQLSTATE 42601)'), MigrationFailed,
         "00002_b.sql fails on the way down: .*syntax error"),
        (broken("failed to parse SQL migration file: missing semicolon?"), MigrationFailed,
         "00002_b.sql"),
        (broken("ERROR: canceling statement due to lock timeout (SQLSTATE 55P03)"), ToolFailed,
         "lock timeout"),
        ([f"{AT}{CONNECT}connect: connection refused; failed to connect to `again`"], ToolFailed,
         "cannot connect.*refused$"),
        ([f"{AT}{CONNECT}FATAL: password authentication failed (SQLSTATE 28P01)"],
         EnvironmentMisconfigured, "password authentication failed"),
        ([f"{AT}{CONNECT}", "\tdb:5432: tls error: server refused TLS connection",
          "\tdb:5432: FATAL: password authentication failed (SQLSTATE 28P01); "
          "failed to connect to `again`:", "\tdb:5432: tls error"],
         EnvironmentMisconfigured, r"tls error.*authentication failed \(SQLSTATE 28P01\)$"),
        ([f"{AT}{CONNECT}FATAL: the database system is starting up (SQLSTATE 57P03)"], ToolFailed,
         "starting up"),
        (broken('ERROR: permission denied to create extension "dblink" (SQLSTATE 42501)'),
         RightMissing, "superuser, or the extension"),
        (broken("ERROR: permission denied to create role (SQLSTATE 42501)"), RightMissing,
         "needs: CREATEROLE"),
        (broken("ERROR: must be superuser or a member of the pg_execute_server_program role to "
                "COPY to or from an external program (SQLSTATE 42501)"), RightMissing,
         "needs: pg_execute_server_program"),
        (broken("ERROR: must be superuser or have privileges of the pg_read_server_files role to "
                "COPY from a file (SQLSTATE 42501)"), RightMissing, "pg_read_server_files"),
        (broken("ERROR: permission denied for function pg_read_file (SQLSTATE 42501)"),
         RightMissing, "a GRANT on function pg_read_file"),
        (broken("ERROR: must be owner of table t (SQLSTATE 42501)"), RightMissing,
         "to own, or be a member of, table t"),
        (broken("ERROR: new words (SQLSTATE 42501)"), RightMissing, "a right that it does not"),
        ([f"{AT}goose run: ERROR: permission denied for schema public (SQLSTATE 42501)"],
         RightMissing, "a GRANT on schema public"),
        ([f"{AT}goose run: error: found 1 missing migrations: version 2"], MigrationFailed,
         "missing migrations"),
        (["panic: out of memory"], ToolFailed, "out of memory"),
        ([], ToolFailed, "wrote nothing"),
    ],
)  # fmt: skip
def test_why_it_stopped(lines: list[str], kind: type[SlipwayError], says: str) -> None:
    error = failure_in(lines, "down")
    assert type(error) is kind
    with pytest.raises(kind, match=says):
        raise type(error)(error.message)
