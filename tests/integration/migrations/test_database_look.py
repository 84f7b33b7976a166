"""What a real Postgres says of itself and its role, before anything is migrated in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.model.cloud.preflight_facts import BalancerSeen, DatabaseSeen, Surroundings
from slipway.model.facts import Release
from slipway.operators import migrations, preflight_look
from slipway.operators.preflight import PreflightOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from tests.integration.migrations import goose_runs
from tests.integration.migrations.goose_runs import GOOD, PASSWORD, context, migrate, psql
from tests.slipway.fleet.worlds import make_image, make_target
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, database, _turns = goose_runs.engine, goose_runs.database, goose_runs._turns
MINE, NOT_MINE = "00001_a.sql", "00002_b.sql"


@pytest.fixture
def role(engine: ContainerEngine, database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A login that may connect, and has no right beyond that."""
    quoted = PASSWORD.replace("'", "''")
    psql(engine, database, f"create role app login password '{quoted}'")
    psql(engine, database, "grant usage on schema public to app")
    psql(engine, database, "revoke create on schema public from public")
    connect(engine, database, monkeypatch)
    return "app"


def connect(
    engine: ContainerEngine, database: str, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> None:
    fields = {
        "conn_type": "postgres",
        "host": engine.state(database).addresses[database],
        "login": "app",
        "password": PASSWORD,
        "schema": "rehearsal",
        "extra": {"sslmode": "disable"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEV", json.dumps(fields | more))


def preflight(repository: Repository) -> Preflight:
    return Preflight(
        target=make_target(),
        image=mock.create_autospec(ImageOutlook, instance=True),
        schema=SchemaOutlook(
            repository=repository.source,
            directory="migrations",
            database_conn_id="shop_dev",
        ),
    )


def look(engine: ContainerEngine, repository: Repository, sha: str) -> DatabaseSeen:
    release = Release(project="shop", sha=sha, version="1")
    seen = preflight(repository).database(release, context(engine))
    assert isinstance(seen, DatabaseSeen), seen
    return seen


def test_a_role_learns_what_it_may_not_do_before_it_is_tried(
    engine: ContainerEngine, repository: Repository, database: str, role: str
) -> None:
    """Each right is given in turn, and the next one that is missing is named."""
    sha = repository.commit(**GOOD)
    seen = look(engine, repository, sha)
    assert (seen.role, seen.schema, seen.may_create) == ("app", "public", False)
    assert seen.pending == (MINE, NOT_MINE)
    psql(engine, database, "grant create on schema public to app")
    seen = look(engine, repository, sha)
    assert (seen.may_create, seen.ledger, seen.foreign) == (True, True, ())
    # Whoever migrated first owns the tables.
    psql(engine, database, "create table a (n int)")
    assert look(engine, repository, sha).foreign == (("a", "postgres"),)
    psql(engine, database, "create table goose_db_version (id int, version_id int)")
    assert not look(engine, repository, sha).ledger
    psql(engine, database, "drop table goose_db_version; drop table a")
    psql(engine, database, "alter role app set default_transaction_read_only = on")
    assert look(engine, repository, sha).read_only


def test_what_is_applied_needs_no_right(
    engine: ContainerEngine, repository: Repository, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repository.commit(**GOOD)
    migrate(engine, repository, sha)
    assert look(engine, repository, sha).pending == ()
    later = repository.commit(
        **GOOD, migrations__00003_c_dot_sql="-- +goose Up\nalter table a drop m;\n"
    )
    assert look(engine, repository, later).pending == ("00003_c.sql",)
    tables = "select count(*) from pg_tables where schemaname = 'public'"
    assert psql(engine, database, tables) == "2"


@pytest.mark.parametrize(
    ("wrong", "says", "passing"),
    [
        ({"password": "wr0ng"}, "password authentication failed", False),
        ({"schema": "nowhere"}, 'database "nowhere" does not exist', False),
        ({"login": "nobody"}, "authentication failed", False),
        ({"host": "127.0.0.1", "port": 1}, "Connection refused", True),
        ({"host": "no-such-host.invalid"}, "could not translate host name", True),
    ],
)
def test_whoever_is_not_let_in_is_told_why(
    engine: ContainerEngine,
    repository: Repository,
    database: str,
    role: str,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, Any],
    says: str,
    passing: bool,
) -> None:
    connect(engine, database, monkeypatch, **wrong)
    seen = look(engine, repository, repository.commit(**GOOD))
    assert says in seen.trouble
    assert (seen.passing, "wr0ng" in seen.trouble) == (passing, False)


def test_a_connection_that_nobody_made_is_told(
    engine: ContainerEngine, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_SHOP_DEV", raising=False)
    seen = look(engine, repository, repository.commit(**GOOD))
    assert "no such connection in Airflow" in seen.trouble
    assert not seen.passing


def test_a_right_that_is_missing_stops_the_run_before_goose(
    engine: ContainerEngine, repository: Repository, database: str, role: str
) -> None:
    """The task before it fails; and nothing of goose is in the database."""
    release = Release(project="shop", sha=repository.commit(**GOOD), version="2")
    package = replace(make_record("2").package, release=release)
    looks: Any = preflight(repository)
    looks.image.look.return_value = (make_image("2"), "there")
    task = PreflightOperator(task_id="goose", package=package.to_json(), preflight=looks)
    open_way = Surroundings(balancer=BalancerSeen(name="shop-dev"))

    def around(_: Any, __: Any, *, database: Any) -> Surroundings:
        return replace(open_way, database=database)

    with (
        mock.patch.object(preflight_look, "look_around", around),
        mock.patch.object(preflight_look, "_launched", return_value=0),
        mock.patch.object(migrations, "Goose", autospec=True) as made,
        pytest.raises(AirflowFailException, match="role 'app' make anything in schema public"),
    ):
        task.execute(context(engine))
    made.assert_not_called()
    tables = "select count(*) from pg_tables where schemaname = 'public'"
    assert psql(engine, database, tables) == "0"
