"""A real Postgres, and migrations that the real goose brings it."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker
import pytest

from include.demo import down
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.docker.metadata_guard import KIND
from slipway.model.container import ContainerSpec
from slipway.model.facts import Checkout, Release, SchemaVersion
from slipway.operators import swap
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.tasks.schema.scratch_postgres import scratch_postgres
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.commit_runs import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.git_server import Repository

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


def rehearse(
    engine: ContainerEngine,
    repository: Repository,
    sha: str,
    *,
    project: str = "shop",
    version: str = "1",
    **options: Any,
) -> SchemaVersion:
    """Rehearse a commit's migrations as its run does.

    :param sha: the commit.
    :param project: whose release it becomes.
    :param version: of the release.
    :param options: the operator's.
    """
    checkout = Checkout(
        release=Release(project=project, sha=sha, version=version),
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
        **options,
    )
    return SchemaVersion.from_json(operator.execute(signed(context(engine), checkout=checkout)))


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
