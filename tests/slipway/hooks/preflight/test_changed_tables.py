"""Which tables a migration changes as only their owner may."""

from __future__ import annotations

import pytest

from slipway.hooks.preflight.changed_tables import changed_tables


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("ALTER TABLE orders ADD n int;", {"orders"}),
        ("alter table if exists only public.Orders drop n;", {"orders"}),
        ('alter table "Order Lines" add n int;', {"Order Lines"}),
        ("create unique index concurrently i on orders (n);", {"orders"}),
        ("create index on only public.orders using gin (n);", {"orders"}),
        ("drop table a;\ndrop view if exists b;", {"a", "b"}),
        ("create table orders (n int);", set()),
        ("insert into notes values ('alter table orders add n int');", set()),
        ("-- alter table orders\nselect 1;", set()),
        ("/* drop table a; */ select 1;", set()),
        (
            "create function f() returns void as $x$ alter table a add n int $x$ language sql;",
            set(),
        ),
    ],
)
def test_what_only_the_owner_may_change(sql: str, tables: set[str]) -> None:
    up = f"-- +goose Up\n{sql}\n-- +goose Down\ndrop table never;\n"
    assert changed_tables(up) == tables


def test_a_file_without_a_way_down_is_read_to_its_end() -> None:
    assert changed_tables("-- +goose NO TRANSACTION\n-- +goose up\nalter table a add n int;") == {
        "a"
    }
