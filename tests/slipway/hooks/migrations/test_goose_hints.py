"""What helps, by lines as goose 3.26 and Postgres 15 wrote them."""

from __future__ import annotations

import re

import pytest

from slipway.hooks.migrations.goose_file import GooseFile
from slipway.hooks.migrations.goose_hints import advice

TEXT = """-- +goose Up
alter table a add m int;
create index i on a (n);
"""
FILE = GooseFile.parse("00002_b.sql", TEXT.encode())
_STATE = re.compile(r"SQLSTATE (\w{5})")


def advised(reason: str, direction: str, file: GooseFile = FILE) -> str:
    code = _STATE.search(reason)
    return advice(reason, direction, code[1] if code else "", file, file.name)


@pytest.mark.parametrize(
    ("reason", "direction", "says"),
    [
        ('extension "postgis" is not available (SQLSTATE 0A000)', "up", "image: ..."),
        ('could not open extension control file "/x" (SQLSTATE 58P01)', "up", "image: ..."),
        ('role "readonly" does not exist (SQLSTATE 42704)', "up", "roles: [...]"),
        (
            "CREATE INDEX CONCURRENTLY cannot run inside a transaction block (SQLSTATE 25001)",
            "up",
            "NO TRANSACTION` at the top of 00002_b.sql",
        ),
        ('unsafe use of new value "x" of enum type e (SQLSTATE 55P04)', "up", "in the next file"),
        (
            'unterminated dollar-quoted string at or near "$$ (SQLSTATE 42601)',
            "up",
            "StatementBegin",
        ),
        ("irreversible (SQLSTATE P0001)", "down", "`-- slipway: irreversible`"),
        (
            'column "m" already exists (SQLSTATE 42701)',
            "up again, after it went down",
            "undoes nothing: write one",
        ),
        ("invalid transaction termination (SQLSTATE 2D000)", "up", "NO TRANSACTION`"),
        (
            'failed to parse migration: unexpected state 0 on line "\\ufeff-- +goose Up"',
            "up",
            "00002_b.sql begins with a byte order mark",
        ),
        (r'failed to parse: unexpected state 0 on line "\xff\xfe-\x00"', "up", "is not UTF-8"),
        ('invalid byte sequence for encoding "UTF8": 0xfc (SQLSTATE 22021)', "up", "is not UTF-8"),
        (
            "\"-- +goose Up\\ralter x\": contains multiple '+goose' annotations",
            "up",
            "Unix line ends",
        ),
        ('unexpected state 0 on line "alter table t;"', "up", "put one above the first statement"),
        ("must start with '-- +goose Up' annotation", "up", "put one above the first statement"),
        ('"Down: never" not supported: invalid annotation', "up", "nothing behind them"),
        ('unexpected unfinished SQL query: "x": missing semicolon?', "up", "end the last one"),
        (r'unfinished SQL query: "foo\n\\.": missing semicolon?', "up", "psql's own commands"),
        (r'syntax error at or near "\" (SQLSTATE 42601)', "up", "psql's own commands"),
        (
            'relation "goose_db_version" does not exist (SQLSTATE 42P01)',
            "up",
            "RESET search_path;",
        ),
        (
            'column "n" does not exist (SQLSTATE 42703)',
            "up again, after it went down",
            "the Down of 00002_b.sql undoes nothing",
        ),
        ("pg_cron can only be loaded via shared_preload_libraries", "up", "loads the library"),
    ],
)
def test_what_people_stumble_over_is_told_with_what_helps(
    reason: str, direction: str, says: str
) -> None:
    assert says in advised(f"ERROR: {reason}", direction)


def test_a_way_down_that_leads_elsewhere_is_blamed_for_what_fails_after_it() -> None:
    file = GooseFile.parse("00002_b.sql", f"{TEXT}-- +goose Down\ndrop index i;\n".encode())
    reason = 'ERROR: column "n" does not exist (SQLSTATE 42703)'
    said = advised(reason, "up again, after it went down", file)
    assert "or of a file above it, does not lead back" in said
