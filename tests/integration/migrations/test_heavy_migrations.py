"""Which statements keep others from a table for long, as Postgres itself says."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from include.demo import down
from slipway.exceptions import ToolFailed
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.tars import pack
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.schema_facts import HeavyChange
from slipway.tasks.proof.ddl_meter import measured
from slipway.tasks.proof.scratch_database import ScratchDatabase
from slipway.tasks.proof.table_sizes import HeavyTables
from slipway.tasks.schema.rehearsal import Rehearsal
from slipway.tasks.schema.scratch_postgres import scratch_postgres

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
ALONE = "-- +goose NO TRANSACTION\n"
# Each migration, and what it does to which table; lines count from "-- +goose Up".
STEPS: list[tuple[str, list[tuple[int, str, str]]]] = [
    (
        "create table t (id bigserial primary key, x text, n int);\n"
        "create table u (id bigserial primary key, t_id bigint);\ncreate index on u (t_id);",
        [],
    ),
    ("alter table t add column a text default 'x';\nalter table t add column b int;", []),
    ("alter table t add column c uuid default gen_random_uuid();", [(2, "rewrites", "t")]),
    ("alter table t\n  alter column n type bigint;", [(2, "rewrites", "t")]),
    ("alter table t add column v varchar(20);", []),
    ("alter table t alter column v type varchar(60);", []),
    ("alter table t alter column x set not null;", [(2, "reads every row of", "t")]),
    ("alter table t add constraint nn check (a is not null) not valid;", []),
    ("alter table t validate constraint nn;", []),
    ("alter table t alter column a set not null;", []),
    ("create index on t (x);", [(2, "reads every row of", "t")]),
    (f"{ALONE}create index concurrently on t (n);", []),
    (
        "alter table u add constraint f foreign key (t_id) references t;",
        [(2, "reads every row of", "u")],
    ),
    ("alter table u add constraint g foreign key (t_id) references t not valid;", []),
    ("alter table u validate constraint g;", []),
    ("alter table t add constraint c check (n > 0);", [(2, "reads every row of", "t")]),
    ("alter table t add constraint q unique (x);", [(2, "reads every row of", "t")]),
    ("lock table u;", [(2, "locks", "u")]),
    ("select 1;\ntruncate u;", [(3, "rewrites or empties", "u")]),
    (f"{ALONE}vacuum full u;", [(3, "rewrites or empties", "u")]),
    (f"{ALONE}reindex table u;", [(3, "builds indexes anew of", "u")]),
    (f"{ALONE}reindex table concurrently u;", []),
    (
        "alter table u add column z int;\nupdate u set z = 1;",
        [(0, "works through every row of", "u")],
    ),
    ("alter table u add column y int;\nupdate u set y = 1 where t_id = 5;", []),
    (
        "create table n (id int);\ninsert into n values (1);\n"
        "alter table n add c int default random();\ncreate index on n (id);",
        [],
    ),
    (
        "create view w as select * from t;\ncreate or replace function f() returns int language "
        "sql as 'select 1';\nupdate t set n = 1;",
        [],
    ),
    (
        "-- +goose StatementBegin\ndo $$ begin\n  alter table u add column k int default "
        "random();\nend $$;\n-- +goose StatementEnd",
        [(3, "rewrites", "u")],
    ),
    # Postgres looks at no row where the column comes with its key and is empty.
    ("alter table u add column r1 bigint references t (id);", []),
    (
        "alter table u add column r2 bigint, add foreign key (r2) references t (id);",
        [(2, "reads every row of", "u")],
    ),
    (
        "alter table u add column r3 bigint default 1 references t (id);",
        [(2, "reads every row of", "u")],
    ),
    (
        "alter table u add column r4 bigint;\n"
        "alter table u add foreign key (r4) references t (id);",
        [(3, "reads every row of", "u")],
    ),
    ("create materialized view mv as select id from t;\ncreate unique index on mv (id);", []),
    ("refresh materialized view concurrently mv;", []),
    ("refresh materialized view mv;", [(2, "rewrites", "mv")]),
    ("alter table u add exclude using btree (id with =);", [(2, "reads every row of", "u")]),
    (
        "alter table u add column twice bigint generated always as (t_id * 2) stored;",
        [(2, "rewrites", "u")],
    ),
    (
        "create table p (d date not null) partition by range (d);\ncreate table p1 partition of p "
        "for values from ('2026-01-01') to ('2027-01-01');\ncreate table p2 (d date not null);",
        [],
    ),
    ("create index on p (d);", [(2, "reads every row of", "p1")]),
    (
        "alter table p attach partition p2 for values from ('2027-01-01') to ('2028-01-01');",
        [(2, "reads every row of", "p2")],
    ),
    (f"{ALONE}alter table p detach partition p2 concurrently;", []),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    yield ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    down.remove_from_docker(installation)


@pytest.fixture(scope="module")
def database(engine: ContainerEngine) -> Iterator[ScratchDatabase]:
    name, labels = f"slipway-{engine.installation}-db", {"slipway.run": "db"}
    with scratch_postgres(engine, name=name, major=15, labels=labels) as made:
        yield ScratchDatabase.of(engine, name, made)


def _file(sql: str) -> str:
    alone, begin, rest = sql.partition(ALONE)
    return f"{ALONE}-- +goose Up\n{rest}\n" if begin and not alone else f"-- +goose Up\n{sql}\n"


def _files() -> MigrationFiles:
    files = {f"migrations/{n:05d}_s.sql": _file(sql) for n, (sql, _) in enumerate(STEPS, 1)}
    down = "-- +goose Down\nselect 1;\n"
    packed = pack({name: f"{text}{down}".encode() for name, text in files.items()})
    return MigrationFiles.from_archive(packed, "migrations")


@pytest.fixture(scope="module")
def changes(engine: ContainerEngine, database: ScratchDatabase) -> tuple[HeavyChange, ...]:
    rehearsal = Rehearsal(
        engine=engine,
        database=database.container,
        goose=f"slipway-{engine.installation}-goose",
        labels={"slipway.run": "goose"},
        postgres=15,
        log=print,
    )
    files = _files()
    with measured(database, files, print) as found:
        rehearsal.goose_for(database, files).up()
    return found.changes


@pytest.mark.parametrize("number", range(1, len(STEPS) + 1), ids=lambda n: STEPS[n - 1][0][:40])
def test_what_keeps_others_from_a_table_for_long_is_seen_and_nothing_else(
    changes: tuple[HeavyChange, ...], number: int
) -> None:
    expected = [(line, effect, f"public.{table}") for line, effect, table in STEPS[number - 1][1]]
    found = [(one.line, one.effect, one.table) for one in changes if one.version == number]
    assert found == expected


def test_nothing_of_the_measuring_stays_in_the_database(
    changes: tuple[HeavyChange, ...], database: ScratchDatabase
) -> None:
    assert changes
    left = "select (select count(*) from pg_event_trigger) + (select count(*) from pg_trigger "
    assert database.as_superuser(f"{left}where tgname like 'slipway%')").strip() == "0"


def test_a_database_that_was_migrated_before_is_measured_from_there(
    engine: ContainerEngine, changes: tuple[HeavyChange, ...], database: ScratchDatabase
) -> None:
    sql = "-- +goose Up\nalter table t add column late uuid default gen_random_uuid();\n"
    more = {f"migrations/{len(STEPS) + 1:05d}_s.sql": f"{sql}-- +goose Down\nselect 1;".encode()}
    files = MigrationFiles.from_archive(pack(more), "migrations")
    rehearsal = Rehearsal(
        engine=engine,
        database=database.container,
        goose=f"slipway-{engine.installation}-goose",
        labels={"slipway.run": "goose"},
        postgres=15,
        log=print,
    )
    with measured(database, files, print) as found:
        rehearsal.goose_for(database, files).up()
    assert [(one.line, one.effect, one.table) for one in found.changes] == [
        (2, "rewrites", "public.t")
    ]


def test_what_a_migration_has_made_is_never_run_by_the_superuser(
    database: ScratchDatabase, changes: tuple[HeavyChange, ...]
) -> None:
    database.as_superuser(
        "create function public.row_to_json(anyelement) returns json language sql as "
        "$$ select to_json('mallory'::text) $$; "
        'alter database "rehearsal" set search_path = public, pg_catalog'
    )
    found = database.as_superuser("select row_to_json(c) from pg_class c limit 1")
    assert "mallory" not in found
    database.as_superuser('alter database "rehearsal" reset search_path')


def test_the_tables_sizes_are_asked_of_the_environments_database(
    engine: ContainerEngine, database: ScratchDatabase, changes: tuple[HeavyChange, ...]
) -> None:
    database.as_superuser(
        'create table public."We ird" (x text) partition by list (x);'
        "create table public.w1 partition of public.\"We ird\" for values in ('a');"
        "insert into public.w1 select 'a' from generate_series(1, 20000); analyze public.w1"
    )
    toolbox = Toolbox(
        engine=engine,
        name=f"slipway-{engine.installation}-psql",
        user=NOBODY,
        labels={"slipway.run": "psql"},
        network=database.network,
    )
    tables = HeavyTables(toolbox=toolbox, url=database.url)
    sizes = tables.sizes(['public."We ird"', "public.t", "public.gone", "it's"])
    assert set(sizes) == {'public."We ird"', "public.t"}
    assert sizes['public."We ird"'].rows == 20000
    assert "about 20,000 rows" in str(sizes['public."We ird"'])
    told = tables.large(changes, before=16, at_least=8192)
    assert any("00017_s.sql:2 reads every row of public.t (" in one for one in told)
    assert not any("00016_s" in one for one in told)
    assert tables.large(changes, before=16, at_least=1 << 30) == []


def test_a_database_that_cannot_be_measured_stops_nobody(
    database: ScratchDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        msg = "no"
        raise ToolFailed(msg)

    monkeypatch.setattr(ScratchDatabase, "as_superuser", refuse)
    said: list[str] = []
    with measured(database, _files(), said.append) as found:
        pass
    assert found.changes == ()
    assert "is not measured: no" in said[0]
