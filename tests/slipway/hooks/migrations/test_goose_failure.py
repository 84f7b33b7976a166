"""Lines as goose 3.26 wrote them; the integration test shows that it still does."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import (
    EnvironmentMisconfigured,
    MigrationFailed,
    RightMissing,
    SlipwayError,
    ToolFailed,
)
from slipway.hooks.migrations.database_state import InvalidIndex, LockHolder
from slipway.hooks.migrations.goose_failure import Attempt
from slipway.hooks.migrations.goose_file import GooseFile

AT = "2026/11/23 07:46:11 "


def broken(reason: str) -> list[str]:
    return [f"{AT}OK   00001_a.sql (1ms)", f"{AT}goose run: ERROR 00002_b.sql: {reason}"]


CONNECT = "goose run: failed to connect to `user=u database=d`: 10.0.0.1:5432 (db): "


@pytest.mark.parametrize(
    ("lines", "kind", "says"),
    [
        (
            broken('ERROR: syntax error at or near "tabel" (SQLSTATE 42601)'),
            MigrationFailed,
            "00002_b.sql fails on the way down: .*syntax error",
        ),
        (
            broken("failed to parse SQL migration file: missing semicolon?"),
            MigrationFailed,
            "00002_b.sql",
        ),
        (
            broken("ERROR: canceling statement due to lock timeout (SQLSTATE 55P03)"),
            ToolFailed,
            "lock timeout",
        ),
        (
            [f"{AT}{CONNECT}connect: connection refused; failed to connect to `again`"],
            ToolFailed,
            "cannot connect.*refused$",
        ),
        (
            [f"{AT}{CONNECT}FATAL: password authentication failed (SQLSTATE 28P01)"],
            EnvironmentMisconfigured,
            "password authentication failed",
        ),
        (
            [
                f"{AT}{CONNECT}",
                "\tdb:5432: tls error: server refused TLS connection",
                "\tdb:5432: FATAL: password authentication failed (SQLSTATE 28P01); "
                "failed to connect to `again`:",
                "\tdb:5432: tls error",
            ],
            EnvironmentMisconfigured,
            r"tls error.*authentication failed \(SQLSTATE 28P01\)$",
        ),
        (
            [f"{AT}{CONNECT}FATAL: unsupported startup parameter in options: lock_timeout (08P01)"],
            EnvironmentMisconfigured,
            "unsupported startup parameter",
        ),
        (
            [
                f"{AT}{CONNECT}FATAL: Feature not supported: RDS Proxy currently doesn't support "
                "command-line options (SQLSTATE 0A000)"
            ],
            EnvironmentMisconfigured,
            "RDS Proxy",
        ),
        (
            [f"{AT}{CONNECT}FATAL: the database system is starting up (SQLSTATE 57P03)"],
            ToolFailed,
            "starting up",
        ),
        (
            broken('ERROR: permission denied to create extension "dblink" (SQLSTATE 42501)'),
            RightMissing,
            "superuser, or the extension",
        ),
        (
            broken("ERROR: permission denied to create role (SQLSTATE 42501)"),
            RightMissing,
            "needs: CREATEROLE",
        ),
        (
            broken(
                "ERROR: must be superuser or a member of the pg_execute_server_program role to "
                "COPY to or from an external program (SQLSTATE 42501)"
            ),
            RightMissing,
            "needs: pg_execute_server_program",
        ),
        (
            broken(
                "ERROR: must be superuser or have privileges of the pg_read_server_files role to "
                "COPY from a file (SQLSTATE 42501)"
            ),
            RightMissing,
            "pg_read_server_files",
        ),
        (
            broken("ERROR: permission denied for function pg_read_file (SQLSTATE 42501)"),
            RightMissing,
            "a GRANT on function pg_read_file",
        ),
        (
            broken("ERROR: must be owner of table t (SQLSTATE 42501)"),
            RightMissing,
            "to own, or be a member of, table t",
        ),
        (
            broken('ERROR: permission denied: "RI_C_1" is a system trigger (SQLSTATE 42501)'),
            RightMissing,
            "needs: to be a superuser",
        ),
        (broken("ERROR: new words (SQLSTATE 42501)"), RightMissing, "a right that it does not"),
        (
            [f"{AT}goose run: ERROR: permission denied for schema public (SQLSTATE 42501)"],
            RightMissing,
            "a GRANT on schema public",
        ),
        (
            [f"{AT}goose run: error: found 1 missing migrations: version 2"],
            MigrationFailed,
            "missing migrations",
        ),
        (["panic: out of memory"], ToolFailed, "out of memory"),
        ([], ToolFailed, "wrote nothing"),
    ],
)
def test_why_it_stopped(lines: list[str], kind: type[SlipwayError], says: str) -> None:
    error = Attempt(lines=lines, direction="down").failure()
    assert type(error) is kind
    with pytest.raises(kind, match=says):
        raise type(error)(error.message)


TEXT = """-- +goose NO TRANSACTION
-- +goose Up
alter table a add m int;
-- the index
create index concurrently "i" on a (n); -- slow
"""
FILE = GooseFile.parse("00002_b.sql", TEXT.encode())
INDEX = InvalidIndex(schema="public", name="i", index="public.i", table="a")
QUERY = r'failed to run SQL migration: failed to execute SQL query "{}": ERROR: {} (SQLSTATE {})'


def failure(reason: str, **options: Any) -> SlipwayError:
    return Attempt(
        lines=broken(reason), **{"direction": "up", "files": [FILE], "shared": True, **options}
    ).failure()


@pytest.mark.parametrize("state", ["55P03", "40P01", "57014", "57P01", "53300", "23505"])
def test_a_file_without_a_transaction_is_never_worth_another_try(state: str) -> None:
    query = r"create index concurrently \"i\" on a (n); -- slow"
    error = failure(QUERY.format(query, "canceling statement", state), left=[INDEX])
    assert isinstance(error, MigrationFailed)
    assert "the statement before line 5 took effect" in error.message
    assert "the index public.i of the table a is invalid" in error.message
    assert "DROP INDEX CONCURRENTLY public.i;" in error.advice
    assert "nothing tries it" in error.advice


@pytest.mark.parametrize(
    ("failing", "is_kept"),
    [(r"alter table a add k int;", False), (r"alter table a add l int;", True)],
)
def test_a_file_that_ends_its_transaction_itself_is_half_done_from_there_on(
    failing: str, is_kept: bool
) -> None:
    text = "-- +goose Up\nBEGIN;\nalter table a add k int;\nCOMMIT;\nalter table a add l int;\n"
    file = GooseFile.parse("00002_b.sql", text.encode())
    error = failure(QUERY.format(failing, "lock timeout", "55P03"), files=[file])
    assert isinstance(error, MigrationFailed if is_kept else ToolFailed)
    says = "it ends its transaction in line 4: the 3 statements before line 5 took effect"
    assert (says in error.message) is is_kept


def test_in_the_rehearsal_nothing_stays_of_it() -> None:
    error = failure(QUERY.format("x", "syntax error", "42601"), shared=False)
    assert "took effect" not in str(error)
    assert error.advice == "correct 00002_b.sql, then push again"


def test_one_in_a_transaction_is_tried_again_and_names_who_is_in_its_way() -> None:
    holder = LockHolder(
        pid=7,
        role="report",
        application="psql",
        state="idle in transaction",
        relation="a",
        query="select * from a where mail = 'x@y.z'",
        since="2026-11-23 07:00:00",
        seconds=14.2,
    )
    error = failure("ERROR: lock timeout (SQLSTATE 55P03)", files=[], holders=[holder])
    assert isinstance(error, ToolFailed)
    assert (
        "the lock on a is held by pid 7, role report, application psql, idle in transaction, in a "
        "transaction since 2026-11-23 07:00:00 UTC (14 s), last query: select * from a where "
        "mail = '***'"
    ) in error.message
    assert "lock_timeout" in error.advice


@pytest.mark.parametrize(
    ("sentence", "cure"),
    [
        ("permission denied for schema public", "GRANT USAGE, CREATE ON SCHEMA public TO app;"),
        ("permission denied for database shop", "GRANT CREATE, CONNECT ON DATABASE shop TO app;"),
        ("permission denied for table Orders", 'REFERENCES, TRIGGER ON "Orders" TO app;'),
        ("permission denied for sequence s", "GRANT USAGE, SELECT, UPDATE ON SEQUENCE s TO app;"),
        ("must be owner of table t", "ALTER TABLE t OWNER TO app;"),
        ("must be owner of relation t", "ALTER TABLE t OWNER TO app;"),
        ("must be owner of function f", "ALTER FUNCTION f OWNER TO app;"),
        ('must be member of role "boss"', "GRANT boss TO app;"),
        ('must be member of role "postgres"', "leave OWNER TO postgres out"),
        ('must be able to SET ROLE "rdsadmin"', "leave OWNER TO rdsadmin out"),
        (
            'permission denied to set parameter "session_replication_role"',
            "GRANT SET ON PARAMETER session_replication_role TO app;",
        ),
        ('must be able to SET ROLE "boss"', "GRANT boss TO app;"),
        ("permission denied to create role", "ALTER ROLE app CREATEROLE;"),
        ('permission denied to create extension "hstore"', "CREATE EXTENSION hstore;"),
    ],
)
def test_the_statement_that_gives_a_right_stands_beside_it(sentence: str, cure: str) -> None:
    error = failure(f"ERROR: {sentence} (SQLSTATE 42501)", role="app", connection="shop_prod")
    assert isinstance(error, RightMissing)
    assert "the role 'app' of the connection 'shop_prod' needs: " in error.message
    assert cure in error.message


def test_whoever_is_to_own_a_table_must_be_able_to_make_one_there() -> None:
    query = QUERY.format(
        r"alter table c\nowner to \"App\";", "permission denied for schema public", "42501"
    )
    error = failure(query, role="app", connection="shop_prod")
    assert "the role 'App', which is to be the owner, needs: a GRANT on schema" in error.message
    assert 'GRANT USAGE, CREATE ON SCHEMA public TO "App";' in error.message


def test_a_pooler_is_no_place_to_migrate_through() -> None:
    lines = [f"{AT}{CONNECT}FATAL: unsupported startup parameter: options (SQLSTATE 08P01)"]
    error = Attempt(lines=lines, direction="up", connection="shop_prod").failure()
    assert "let the Airflow connection of 'shop_prod' lead to the server itself" in error.advice


def test_gooses_own_table_that_cannot_be_made_is_a_right_that_is_missing() -> None:
    said = (
        'goose run: ERROR: relation "goose_db_version" does not exist (SQLSTATE 42P01); '
        "ERROR: permission denied for schema public (SQLSTATE 42501)"
    )
    error = Attempt(lines=[AT + said], direction="up", role="app", connection="dev").failure()
    assert isinstance(error, RightMissing)
    assert "GRANT USAGE, CREATE ON SCHEMA public TO app;" in error.message
