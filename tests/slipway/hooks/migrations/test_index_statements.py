from __future__ import annotations

import pytest

from slipway.hooks.migrations.goose_file import GooseFile
from slipway.hooks.migrations.index_statements import creates_first, locking


def file(*statements: str, bare: bool = True) -> GooseFile:
    top = "-- +goose NO TRANSACTION\n" if bare else ""
    return GooseFile.parse("1_a.sql", f"{top}-- +goose Up\n{chr(10).join(statements)}\n".encode())


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("create index i on a (n);", {"i"}),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS I ON a (n);", {"i"}),
        ('create index "My I" on a (n);', {"My I"}),
        ('create index concurrently s."i" on s.a (n);', {"i"}),
        ("create index concurrently on s.a (n, M);", {"a_n_m_idx"}),
        ("create index on a using gin (n);", {"a_n_idx"}),
        ("create index concurrently on a (lower(n));", set()),
        ("create -- so\n index\n i on a (n);", {"i"}),
        ("create table index_i (n int);", set()),
        ("drop index concurrently i;", set()),
    ],
)
def test_indexes_that_a_file_makes(statement: str, names: set[str]) -> None:
    assert creates_first([file(statement)]) == names


@pytest.mark.parametrize(
    "cure",
    [
        "drop index concurrently if exists public.i;",
        "DROP INDEX j, I;",
        "reindex index concurrently i;",
        "reindex (verbose) table a;",
        "-- +goose StatementBegin\ndo $$ begin drop index if exists i; end $$;\n"
        "-- +goose StatementEnd",
    ],
)
def test_one_that_it_cures_before_is_none(cure: str) -> None:
    make = "create index concurrently if not exists i on a (n);"
    assert creates_first([file(cure), file(make)]) == set()
    assert creates_first([file(make), file(cure)]) == {"i"}


@pytest.mark.parametrize(
    "statement",
    [
        "alter table a add m int;",
        "drop table a;",
        "create index i on a (n);",
        "truncate a;",
        "lock table a;",
        "drop index i;",
        "vacuum full a;",
    ],
)
def test_statements_that_keep_everybody_waiting_without_a_limit(statement: str) -> None:
    assert [one.line for one in locking(file("select 1;", statement))] == [4]
    assert not list(locking(file(statement, bare=False)))


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently i on a (n);",
        "drop index concurrently i;",
        "vacuum a;",
        "alter type e add value 'x';",
        "alter table a detach partition b concurrently;",
        "reindex index concurrently i;",
        "update a set n = 1;",
        "create table b (n int);",
    ],
)
def test_statements_that_do_not(statement: str) -> None:
    assert not list(locking(file(statement)))


def test_a_table_that_the_file_makes_itself_is_nobodys_yet() -> None:
    assert not list(locking(file("create table b (n int);", "alter table b add m int;")))
