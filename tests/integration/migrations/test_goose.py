"""Migrations with the real goose on a real Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ToolFailed
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.facts import Release
from slipway.operators.preview import SchemaOutlook
from tests.integration.migrations import goose_runs
from tests.integration.migrations.goose_runs import (
    GOOD,
    PASSWORD,
    A,
    context,
    holding,
    migrate,
    psql,
    rehearse,
)

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
_turns, database, engine = (goose_runs._turns, goose_runs.database, goose_runs.engine)


def test_up_down_and_up_again(engine: ContainerEngine, repository: Repository) -> None:
    schema = rehearse(engine, repository, repository.commit(**GOOD))
    assert (schema.version, schema.before) == (2, 0)
    assert schema.applied == ("00001_a.sql", "00002_b.sql")
    assert schema.seconds > 0


BAD_UP = "-- +goose Up\ncreate tabel c (n int);\n-- +goose Down\nselect 1;\n"
BAD_DOWN = "-- +goose Up\ncreate table c (n int);\n-- +goose Down\ndrop table nope;\n"
NO_DOWN = "-- +goose Up\ncreate table c (n int);\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BAD_UP, "00003_c.sql fails on the way up: (.|\n)*syntax error"),
        (BAD_DOWN, "00003_c.sql fails on the way down: (.|\n)*nope"),
        (NO_DOWN, "00003_c.sql fails on the way up again(.|\n)*already exists"),
    ],
)
def test_a_bad_migration_is_named_with_its_direction(
    engine: ContainerEngine, repository: Repository, text: str, says: str
) -> None:
    with pytest.raises(AirflowFailException, match=says):
        rehearse(engine, repository, repository.commit(**GOOD, migrations__00003_c_dot_sql=text))


def test_a_database_goes_up_stays_and_is_never_undone(
    engine: ContainerEngine,
    repository: Repository,
    database: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    first = repository.commit(migrations__00001_a_dot_sql=A)
    second = repository.commit(**GOOD)
    up = migrate(engine, repository, second)
    assert (up.before, up.version, up.applied) == (0, 2, ("00001_a.sql", "00002_b.sql"))
    again = migrate(engine, repository, second)
    assert (again.before, again.version, again.applied) == (2, 2, ())
    back = migrate(engine, repository, first)
    assert (back.before, back.version, back.applied) == (2, 2, ())
    assert psql(engine, database, "select max(version_id) from goose_db_version") == "2"
    written = caplog.text + "".join(capfd.readouterr())
    assert "nothing is applied and nothing is undone" in written
    assert PASSWORD not in written


def test_a_look_at_a_database_changes_nothing(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    release = Release(project="shop", sha=repository.commit(**GOOD), version="1")
    outlook = SchemaOutlook(
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_dev",
    )
    said = outlook.look(release, context(engine), lambda _: None)
    assert said == "0 -> 2, applies 00001_a.sql, 00002_b.sql"
    tables = "select count(*) from pg_tables where tablename like 'goose%'"
    assert psql(engine, database, tables) == "0"
    migrate(engine, repository, release.sha)
    said = outlook.look(release, context(engine), lambda _: None)
    assert said == "2, and nothing to apply"


def test_a_table_that_somebody_holds_is_not_waited_for_for_long(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(engine, repository, repository.commit(migrations__00001_a_dot_sql=A))
    with (
        holding(engine, database, "begin; lock table a"),
        pytest.raises(ToolFailed, match=r"00002_b.sql(.|\n)*lock timeout"),
    ):
        migrate(engine, repository, repository.commit(**GOOD), lock_timeout=1.0)


def test_two_who_migrate_take_turns(
    engine: ContainerEngine,
    repository: Repository,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A service that migrates itself with goose's library holds the same lock."""
    sha = repository.commit(**GOOD)
    with holding(engine, database, "select pg_advisory_lock(5887940537704921958)"):
        monkeypatch.setattr("slipway.operators.migrations._MIGRATION_PATIENCE", 1.0)
        with pytest.raises(ToolFailed, match="another session migrates"):
            migrate(engine, repository, sha)
        tables = "select count(*) from pg_tables where tablename like 'goose%'"
        assert psql(engine, database, tables) == "0"
    assert migrate(engine, repository, sha).version == 2
    assert "waiting for another session" in "".join(capfd.readouterr())
    assert psql(engine, database, "select count(*) from pg_locks where locktype='advisory'") == "0"


def test_the_last_statement_of_a_killed_try_is_waited_for(
    engine: ContainerEngine, repository: Repository, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes on with it, although goose is gone, and the lock with it."""
    monkeypatch.setattr("slipway.operators.migrations._MIGRATION_PATIENCE", 1.0)
    with (
        holding(engine, database, "set application_name = slipway"),
        pytest.raises(ToolFailed, match="another session migrates"),
    ):
        migrate(engine, repository, repository.commit(**GOOD))


def test_a_wrong_password_fails_for_good_and_is_not_shown(
    engine: ContainerEngine, repository: Repository, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = engine.state(database).addresses[database]
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEV", f"postgres://postgres:wr0ng@{address}/rehearsal")
    with pytest.raises(AirflowFailException, match="password authentication failed") as caught:
        migrate(engine, repository, repository.commit(**GOOD))
    assert "wr0ng" not in str(caught.value)


def test_a_database_that_is_away_is_worth_another_try(
    engine: ContainerEngine, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEV", "postgres://postgres:x@127.0.0.1:1/x")
    with pytest.raises(ToolFailed, match="cannot connect"):
        migrate(engine, repository, repository.commit(**GOOD))
