from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import HeavyMigration
from slipway.model.schema_facts import HeavyChange
from slipway.policies.heavy_changes import OnHeavy, describe, heavy_changes, require_light

EXCLUSIVE = ["AccessExclusiveLock"]
TEXT = """-- +goose Up
-- create index on t (a); this one is talk
alter table t add column a int; -- quick
create index on t (a);

create index on t (a);
lock table t;
-- +goose Down
create index on t (a);
"""


def seen(kind: str, statement: str | None = None, **more: Any) -> dict[str, Any]:
    row = {"version": 1, "kind": kind, "statement": statement, "relation": "public.t"}
    return {**row, "locks": EXCLUSIVE, **more}


def changes(*rows: dict[str, Any], text: str = TEXT) -> list[HeavyChange]:
    return list(heavy_changes(rows, {1: "00001_t.sql"}, {"00001_t.sql": text}))


@pytest.mark.parametrize(
    ("statement", "safer"),
    [
        ("create unique index on t (a)", "CREATE INDEX CONCURRENTLY"),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "CHECK (... IS NOT NULL) NOT VALID"),
        ("alter table t add constraint f foreign key (a) references u", "NOT VALID, and VALIDATE"),
        ("alter table t add constraint c check (a > 0)", "NOT VALID, and VALIDATE"),
        ("alter table t add primary key (a)", "USING INDEX"),
        ("alter table t alter a type bigint", "a new column of the new type"),
        ("alter table t alter column a set data type bigint", "a new column of the new type"),
        ("alter table t add b uuid default gen_random_uuid()", "then SET DEFAULT"),
        ("alter table t add constraint e exclude using btree (a with =)", "a new table with"),
        ("alter table t add g int generated always as (a * 2) stored", "a plain column"),
        ("alter table t add i int generated always as identity", "then SET DEFAULT"),
        ("create index on only_parent (a)", "CREATE INDEX ON ONLY"),
        ("refresh materialized view t", "REFRESH MATERIALIZED VIEW CONCURRENTLY"),
        ("alter table t attach partition p for values in (1)", "before ATTACH PARTITION"),
    ],
)
def test_each_statement_has_its_safer_way(statement: str, safer: str) -> None:
    (change,) = changes(seen("scan", statement))
    assert safer in change.safer


def test_a_statement_is_named_by_its_line_and_the_second_of_two_by_its_own() -> None:
    found = changes(
        seen("scan", "alter table t add column a int;"),
        seen("scan", "create index on t (a);"),
        seen("lock"),
    )
    assert [one.line for one in found] == [3, 4, 7]
    assert found[2].statement == "lock table t;"


def test_a_rewrite_is_told_once_and_what_the_files_do_not_have_has_no_line() -> None:
    statement = "-- why\n/* x */ alter table t alter a type text"
    found = changes(seen("rewrite", statement), seen("scan", statement))
    assert [(one.effect, one.line) for one in found] == [("rewrites", 0)]
    assert "-- why" not in found[0].statement


def test_truncate_is_no_lock_table_besides() -> None:
    text = "-- +goose Up\ntruncate t;\n"
    found = changes(seen("lock"), seen("new file"), text=text)
    assert [(one.effect, one.line) for one in found] == [("rewrites or empties", 2)]


@pytest.mark.parametrize(
    ("statement", "safer"),
    [
        ("truncate t;", "DELETE in batches"),
        ("vacuum (full) t;", "pg_repack"),
        ("cluster t using t_pkey;", "pg_repack"),
    ],
)
def test_what_no_event_tells_of_is_found_in_the_file(statement: str, safer: str) -> None:
    (found,) = changes(seen("new file"), text=f"-- +goose Up\n{statement}\n")
    assert (found.line, found.statement) == (2, statement)
    assert safer in found.safer


def test_who_waits_depends_on_the_lock() -> None:
    (reads,) = changes(seen("scan", "x", locks=["AccessExclusiveLock", "ShareLock"]))
    (writes,) = changes(seen("scan", "x", locks=["ShareRowExclusiveLock"]))
    assert "public.t (2 GB), while nobody reads or writes it" in describe(reads, "2 GB")
    assert "public.t, while nobody writes it" in describe(writes)


def test_migrations_that_the_commit_does_not_have_are_passed_over() -> None:
    assert changes(seen("scan", "x", version=0)) == []


def test_the_project_decides_whether_a_large_table_stops_it() -> None:
    require_light(OnHeavy.STOP, [], approved=False)
    require_light(OnHeavy.WARN, ["t"], approved=False)
    require_light(OnHeavy.ASK, ["t"], approved=True)
    with pytest.raises(HeavyMigration, match="approval: true"):
        require_light(OnHeavy.ASK, ["t"], approved=False)
    with pytest.raises(HeavyMigration, match="keep others from a large table"):
        require_light(OnHeavy.STOP, ["t"], approved=True)
