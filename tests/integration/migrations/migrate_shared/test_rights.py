"""What a role may not is told with the statement that helps."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.integration.migrations import goose_runs
from tests.integration.migrations.goose_runs import PASSWORD, A, migrate, psql
from tests.integration.migrations.migrate_shared.statements import first

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, database, _turns = goose_runs.engine, goose_runs.database, goose_runs._turns
holding = goose_runs.holding


@pytest.fixture
def poor(engine: ContainerEngine, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A role that may connect, and not much more; the connection's from now on."""
    psql(engine, database, f"create role poor login password '{PASSWORD}'")
    psql(engine, database, "revoke create on schema public from public, rehearsal")
    address = engine.state(database).addresses[database]
    connection = {
        "conn_type": "postgres",
        "host": address,
        "login": "poor",
        "password": PASSWORD,
        "schema": "rehearsal",
        "extra": {"sslmode": "disable"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEV", json.dumps(connection))
    return database


def test_a_right_that_is_missing_is_told_with_role_connection_and_the_grant_that_helps(
    engine: ContainerEngine, repository: Repository, poor: str
) -> None:
    sha = first(repository)
    with pytest.raises(AirflowFailException) as caught:
        migrate(engine, repository, sha)
    said = str(caught.value)
    assert "the role 'poor' of the connection 'shop_dev' needs: a GRANT on schema public" in said
    cure = "GRANT USAGE, CREATE ON SCHEMA public TO poor;"
    assert f"cure: {cure}" in said
    psql(engine, poor, cure.rstrip(";"))
    assert migrate(engine, repository, sha).version == 1


def test_a_table_of_another_role_is_told_with_the_statement_that_gives_it(
    engine: ContainerEngine, repository: Repository, poor: str
) -> None:
    psql(engine, poor, "grant usage, create on schema public to poor")
    psql(engine, poor, 'create table "Orders" (n int)')
    sha = repository.commit(
        migrations__00001_o_dot_sql='-- +goose Up\nalter table "Orders" add m int;\n'
    )
    with pytest.raises(AirflowFailException) as caught:
        migrate(engine, repository, sha)
    cure = 'ALTER TABLE "Orders" OWNER TO poor;'
    assert cure in str(caught.value)
    psql(engine, poor, cure.rstrip(";"))
    assert migrate(engine, repository, sha).version == 1


def test_gooses_own_table_that_must_not_be_read_is_no_empty_database(
    engine: ContainerEngine, repository: Repository, poor: str
) -> None:
    psql(
        engine,
        poor,
        "create table goose_db_version (id serial, version_id bigint, "
        "is_applied bool, tstamp timestamp)",
    )
    with pytest.raises(
        AirflowFailException, match=r"GRANT SELECT, .* ON goose_db_version TO poor;"
    ):
        migrate(engine, repository, first(repository))


def test_names_with_blanks_are_told_whole(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    folder = repository.path / "migrations"
    folder.mkdir(exist_ok=True)
    (folder / "00001_add a.sql").write_text(A)
    assert migrate(engine, repository, repository.commit("blanks")).applied == ("00001_add a.sql",)
    (folder / "00002_add b.sql").write_text("-- +goose Up\nnonsense;\n")
    with pytest.raises(AirflowFailException, match=r"migration 00002_add b\.sql fails"):
        migrate(engine, repository, repository.commit("more blanks"))
