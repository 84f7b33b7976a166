"""Migrations with the real goose on a real Postgres."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker
import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.demo import down
from slipway.exceptions import ToolFailed
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.docker.metadata_guard import KIND
from slipway.model.container import ContainerSpec
from slipway.model.facts import Checkout, Release, SchemaVersion
from slipway.operators import swap
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.preview import SchemaOutlook
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.tasks.schema.scratch_postgres import scratch_postgres
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.commit_runs import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
PASSWORD = "p/w?#@:ü"
A = "-- +goose Up\ncreate table a (n int);\n-- +goose Down\ndrop table a;\n"
B = "-- +goose Up\nalter table a add m int;\n-- +goose Down\nalter table a drop m;\n"
GOOD = {"migrations__00001_a_dot_sql": A, "migrations__00002_b_dot_sql": B}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", installation)
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    left = docker.from_env().containers.list(
        all=True, filters={"label": f"slipway.installation={installation}"}
    )
    # The guard stays for the next one, with its installation.
    assert [one.labels["slipway.kind"] for one in left] in ([], [KIND])
    assert down.remove_from_docker(installation) == len(left)


@pytest.fixture(autouse=True)
def _turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somewhere for the lease to lie."""
    cloud = FakeFleetCloud()
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)


def context(engine: ContainerEngine) -> Any:
    return FakeTask(dag_id="shop", task_id="goose", run_id=engine.installation).context


def rehearse(engine: ContainerEngine, repository: Repository, **files: str) -> SchemaVersion:
    sha = repository.commit(**files)
    checkout = Checkout(
        release=Release(project="shop", sha=sha, version="1"),
        repository=repository.url,
        ref="main",
        branch="main",
        message="",
        author_name="",
        author_email="",
        committed_at=0,
    )
    operator = GooseRehearseOperator(
        task_id="goose",
        checkout=checkout.to_json(),
        repository=repository.source,
        directory="migrations",
        postgres=15,
    )
    return SchemaVersion.from_json(operator.execute(signed(context(engine), checkout=checkout)))


def test_up_down_and_up_again(engine: ContainerEngine, repository: Repository) -> None:
    schema = rehearse(engine, repository, **GOOD)
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
        rehearse(engine, repository, **GOOD, migrations__00003_c_dot_sql=text)


@pytest.fixture
def database(engine: ContainerEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Postgres that an environment's connection names; gives its container."""
    labels = {"slipway.run": "database"}
    name = f"slipway-{engine.installation}-db"
    with scratch_postgres(engine, name=name, major=15, labels=labels):
        address = engine.state(name).addresses[name]
        quoted = PASSWORD.replace("'", "''")
        psql(engine, name, f"alter user postgres password '{quoted}'")
        connection = {
            "conn_type": "postgres",
            "host": address,
            "login": "postgres",
            "password": PASSWORD,
            "schema": "rehearsal",
            "extra": {"sslmode": "disable"},
        }
        monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEV", json.dumps(connection))
        yield name


def psql(engine: ContainerEngine, container: str, statement: str) -> str:
    argv = ("psql", "-h127.0.0.1", "-Upostgres", "-drehearsal", "-Atc", statement)
    code, output = engine.exec(container, argv)
    assert code == 0, output
    return output.strip()


def migrate(
    engine: ContainerEngine, repository: Repository, sha: str, **options: Any
) -> SchemaVersion:
    operator = GooseMigrateOperator(
        task_id="goose",
        target=make_target(),
        release=Release(project="shop", sha=sha, version="1").to_json(),
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_dev",
        **options,
    )
    return SchemaVersion.from_json(operator.execute(context(engine)))


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


@contextmanager
def holding(engine: ContainerEngine, database: str, statement: str) -> Iterator[None]:
    """Somebody's session, which does something and stays at work."""
    holder = engine.create(
        ContainerSpec(
            name=f"{database}-holder",
            image="slipway/postgres:15",
            network=f"container:{database}",
            entrypoint=("psql",),
            labels={"slipway.run": "database"},
            environment={"PGPASSWORD": PASSWORD},
            argv=(
                "-h127.0.0.1",
                "-Upostgres",
                "-drehearsal",
                "-c",
                statement,
                "-c",
                "select pg_sleep(60)",
            ),
        )
    )
    engine.start(holder)
    asleep = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'"
    while psql(engine, database, asleep) == "0":
        pass
    try:
        yield
    finally:
        end = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        psql(engine, database, end)
        engine.remove(holder)


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
