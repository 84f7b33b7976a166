"""Migrations on a database that others use: what they wait for, what they leave, who may."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ToolFailed
from slipway.hooks.migrations.schema_records import SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Release
from slipway.operators.preview import SchemaOutlook
from tests.integration.migrations import goose_runs
from tests.integration.migrations.goose_runs import A, context, migrate, psql
from tests.integration.migrations.migrate_shared.statements import first
from tests.slipway.fleet.worlds import make_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, database, _turns = goose_runs.engine, goose_runs.database, goose_runs._turns
holding = goose_runs.holding
BARE = "-- +goose NO TRANSACTION\n-- +goose Up\n{up}\n-- +goose Down\nselect 2;\n"
INDEX = BARE.format(up="create index concurrently {maybe} a_n on a (n);")


@contextmanager
def long_transaction(engine: ContainerEngine, database: str, seconds: int) -> Iterator[None]:
    """Somebody's report on another table: it holds no lock that anybody would expect."""
    sql = "begin isolation level repeatable read; select 1 from pg_class; "
    run = threading.Thread(
        target=psql, args=(engine, database, f"{sql} select pg_sleep({seconds}); commit")
    )
    run.start()
    asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
    while psql(engine, database, asleep) == "0":
        time.sleep(0.1)
    try:
        yield
    finally:
        run.join()


@pytest.mark.parametrize("maybe", ["", "if not exists"])
def test_an_index_is_built_however_long_somebody_else_reads(
    engine: ContainerEngine,
    repository: Repository,
    database: str,
    maybe: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    migrate(engine, repository, first(repository))
    sha = repository.commit(migrations__00002_i_dot_sql=INDEX.format(maybe=maybe))
    with long_transaction(engine, database, 8):
        assert migrate(engine, repository, sha, lock_timeout=2.0).version == 2
    valid = "select indisvalid from pg_index where indexrelid = 'a_n'::regclass"
    assert psql(engine, database, valid) == "t"
    said = "".join(capfd.readouterr())
    assert "waits: the lock is held by pid " in said
    assert "role postgres" in said
    assert "pg_sleep" in said


def unfinished_index(engine: ContainerEngine, database: str) -> None:
    """What a build that was cut short leaves behind."""
    psql(engine, database, "insert into a values (1), (1)")
    argv = (
        "psql",
        "-h127.0.0.1",
        "-Upostgres",
        "-drehearsal",
        "-c",
        "create unique index concurrently a_n on a (n)",
    )
    code, _ = engine.exec(database, argv)
    assert code != 0


@pytest.mark.parametrize("maybe", ["", "if not exists"])
def test_an_index_that_an_earlier_try_left_invalid_is_told_with_its_cure_and_not_passed_for_good(
    engine: ContainerEngine, repository: Repository, database: str, maybe: str
) -> None:
    migrate(engine, repository, first(repository))
    unfinished_index(engine, database)
    sha = repository.commit(migrations__00002_i_dot_sql=INDEX.format(maybe=maybe))
    cure = r"DROP INDEX CONCURRENTLY public\.a_n;"
    with pytest.raises(AirflowFailException, match=rf"public\.a_n of the table a(.|\n)*{cure}"):
        migrate(engine, repository, sha)
    release = Release(project="shop", sha=sha, version="1")
    outlook = SchemaOutlook(
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_dev",
    )
    with pytest.raises(Exception, match=cure):
        outlook.look(release, context(engine), lambda _: None)
    psql(engine, database, "drop index concurrently a_n")
    assert migrate(engine, repository, sha).version == 2


def test_a_migration_that_cures_an_invalid_index_is_let_through(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(engine, repository, first(repository))
    unfinished_index(engine, database)
    psql(engine, database, "delete from a")
    cure = "drop index concurrently if exists a_n;\ncreate index concurrently a_n on a (n);"
    sha = repository.commit(migrations__00002_i_dot_sql=BARE.format(up=cure))
    assert migrate(engine, repository, sha).version == 2


def test_half_of_a_file_without_a_transaction_is_never_tried_again(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(engine, repository, first(repository))
    psql(engine, database, "insert into a values (1), (1)")
    up = (
        "alter table a add m int;\n-- twice the same\n"
        "create unique index concurrently a_n on a (n);"
    )
    sha = repository.commit(migrations__00002_i_dot_sql=BARE.format(up=up))
    with pytest.raises(AirflowFailException) as caught:
        migrate(engine, repository, sha)
    said = str(caught.value)
    assert "could not create unique index" in said
    assert "public.a_n of the table a is invalid" in said
    assert "the statement before line 5 took effect" in said
    assert "the same again would not help" in said
    assert "DROP INDEX CONCURRENTLY public.a_n;" in said
    # What was there before is on record, for the next rehearsal.
    record = SchemaRecords(artifact_store()).find("shop", make_target().environment)
    assert record is not None
    assert record.version == 1


def test_a_statement_that_is_cut_short_without_a_transaction_is_for_a_person(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    sha = repository.commit(
        migrations__00001_a_dot_sql=A,
        migrations__00002_b_dot_sql=BARE.format(up="set statement_timeout=10; select pg_sleep(9);"),
    )
    with pytest.raises(AirflowFailException, match="the same again would not help"):
        migrate(engine, repository, sha)


def test_who_holds_a_lock_is_named_and_nothing_of_his_data(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(engine, repository, first(repository))
    add = "-- +goose Up\nalter table a add m int;\n"
    sha = repository.commit(migrations__00002_b_dot_sql=add)
    statement = "set application_name = 'report'; begin; select * from a where 'secret' <> ''"
    with holding(engine, database, statement), pytest.raises(ToolFailed) as caught:
        migrate(engine, repository, sha, lock_timeout=2.0)
    said = str(caught.value)
    assert "the lock on a is held by pid " in said
    assert "role postgres, application report" in said
    assert "in a transaction since 20" in said
    assert "query: select pg_sleep(60)" in said
    assert "secret" not in said
    assert migrate(engine, repository, sha).version == 2


def test_limits_of_statements_are_the_projects_but_not_without_a_transaction(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    slow = "-- +goose Up\nselect pg_sleep(2);\n"
    sha = repository.commit(migrations__00001_s_dot_sql="-- +goose NO TRANSACTION\n" + slow)
    assert migrate(engine, repository, sha, statement_timeout=1.0).version == 1
    sha = repository.commit(migrations__00002_s_dot_sql=slow)
    with pytest.raises(ToolFailed, match=r"statement timeout(.|\n)*statement_timeout: \.\.\."):
        migrate(engine, repository, sha, statement_timeout=1.0)


def test_limits_that_one_file_lifts_hold_for_the_next(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(engine, repository, first(repository))
    sha = repository.commit(
        migrations__00002_d_dot_sql="-- +goose Up\nset lock_timeout = 0;\nselect 1;\n",
        migrations__00003_b_dot_sql="-- +goose Up\nalter table a add m int;\n",
    )
    with (
        holding(engine, database, "begin; select * from a"),
        pytest.raises(ToolFailed, match=r"00003_b\.sql(.|\n)*lock timeout"),
    ):
        migrate(engine, repository, sha, lock_timeout=1.0)
    assert migrate(engine, repository, sha).version == 3


def test_what_a_file_committed_itself_is_not_tried_again(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    up = "alter table a add m int;\ncommit;\nset statement_timeout = 10;\nselect pg_sleep(5);"
    sha = repository.commit(
        migrations__00001_a_dot_sql=A, migrations__00002_b_dot_sql=f"-- +goose Up\n{up}\n"
    )
    with pytest.raises(AirflowFailException) as caught:
        migrate(engine, repository, sha)
    said = "it ends its transaction in line 3: the 3 statements before line 5 took effect"
    assert said in str(caught.value)


@pytest.mark.parametrize("moves", ["rename to shop_migrations", "set schema shop"])
def test_a_database_whose_versions_are_kept_elsewhere_is_not_migrated_from_the_start(
    engine: ContainerEngine, repository: Repository, database: str, moves: str
) -> None:
    sha = first(repository)
    migrate(engine, repository, sha)
    psql(
        engine, database, f"create schema shop; alter table goose_db_version {moves}; drop table a"
    )
    there = "shop.goose_db_version" if "schema" in moves else "public.shop_migrations"
    with pytest.raises(AirflowFailException, match=rf"goose_db_version, but {there}, which goose"):
        migrate(engine, repository, sha)
    assert psql(engine, database, "select to_regclass('a') is null") == "t"


def test_a_number_that_comes_too_late_is_told_before_anything_is_applied(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(
        engine,
        repository,
        repository.commit(
            migrations__00001_a_dot_sql=A,
            migrations__00003_c_dot_sql="-- +goose Up\ncreate table c ();\n",
        ),
    )
    late = "-- +goose Up\ncreate table b ();\n"
    repository.git("rm", "-q", "migrations/00003_c.sql")
    sha = repository.commit(migrations__00002_b_dot_sql=late)
    with pytest.raises(AirflowFailException, match=r"00002_b\.sql would come too late(.|\n)*at 3"):
        migrate(engine, repository, sha)


SUBSTITUTED = """-- +goose Up
-- +goose ENVSUB ON
create table leak (value text);
insert into leak
values ('{value}');
-- +goose ENVSUB OFF
"""


@pytest.mark.parametrize(
    "name", ["GOOSE_DBSTRING", "PGPASSFILE", "PGAPPNAME", "PATH", "HOME", "HOSTNAME", "MISSING"]
)
def test_a_variable_that_the_project_does_not_give_is_told_with_file_and_line(
    engine: ContainerEngine, repository: Repository, database: str, name: str
) -> None:
    sha = repository.commit(migrations__00001_l_dot_sql=SUBSTITUTED.format(value=f"${{{name}}}"))
    with pytest.raises(AirflowFailException, match=rf"migrations/00001_l\.sql, line 5: .*{name}"):
        migrate(engine, repository, sha, env={"SCHEMA": "x"})


def test_the_projects_variables_are_all_that_a_migration_sees(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    value = "${SCHEMA}|${EMPTY}|${HOSTNAME:-none}|${CHECKPOINT_DISABLE:-none}|${LANG-none}"
    sha = repository.commit(migrations__00001_l_dot_sql=SUBSTITUTED.format(value=value))
    env = {"SCHEMA": "s; -- $HOME =x", "EMPTY": ""}
    assert migrate(engine, repository, sha, env=env).version == 1
    got = psql(engine, database, "select value from leak")
    assert got == "s; -- $HOME =x||none|none|none"
