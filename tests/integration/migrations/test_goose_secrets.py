"""The database's password: goose has it, and neither a migration nor an onlooker gets it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import docker
import docker.errors
import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.integration.migrations import goose_runs
from tests.integration.migrations.goose_runs import GOOD, PASSWORD, migrate, psql

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, database, _turns = goose_runs.engine, goose_runs.database, goose_runs._turns
LEAK = """-- +goose Up
-- +goose ENVSUB ON
create table leak (value text);
insert into leak
values ('{asked}');
-- +goose ENVSUB OFF
-- +goose Down
drop table leak;
"""


@pytest.mark.parametrize(
    "asked", ["${GOOSE_DBSTRING}", "$PGPASSFILE", "${PGPASSWORD:-none}", "${A:-${GOOSE_DRIVER-x}}"]
)
def test_a_migration_that_asks_for_gooses_environment_is_not_run(
    engine: ContainerEngine, repository: Repository, database: str, asked: str
) -> None:
    sha = repository.commit(migrations__00001_leak_dot_sql=LEAK.format(asked=asked))
    with pytest.raises(AirflowFailException, match=r"00001_leak\.sql, line 5: \w+ is goose's own"):
        migrate(engine, repository, sha)
    assert psql(engine, database, "select to_regclass('leak') is null") == "t"


def test_nor_does_one_that_asks_in_another_way_find_it(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    """Whatever name comes to somebody's mind: goose's environment has the project's and no more."""
    asked = "${DATABASE_URL:-}|${HOSTNAME:-}|${PWD:-}|${SHLVL:-}|${LC_CTYPE:-}|${OLDPWD:-}"
    migrate(engine, repository, repository.commit(migrations__1_x_dot_sql=LEAK.format(asked=asked)))
    assert psql(engine, database, "select value from leak") == "|||||"


def test_a_migration_that_is_a_link_to_the_password_is_not_run(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    repository.commit(**GOOD)
    (repository.path / "migrations" / "00003_c.sql").symlink_to("/run/secrets/pgpass")
    with pytest.raises(AirflowFailException, match=r"00003_c\.sql is a link"):
        migrate(engine, repository, repository.commit("a link"))


def test_nobody_who_looks_at_gooses_container_sees_the_password(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    sleeping = "-- +goose Up\nselect pg_sleep(3);\n"
    sha = repository.commit(migrations__00001_a_dot_sql=sleeping)
    seen: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(migrate, engine, repository, sha)
        client = docker.from_env()
        mine: Any = {"label": [f"slipway.installation={engine.installation}", "slipway.kind=tool"]}
        while not running.done():
            for one in client.containers.list(filters=mine, ignore_removed=True):
                with suppress(docker.errors.APIError):
                    top = one.top(ps_args="auxeww")
                    seen.append(json.dumps([one.attrs, top], ensure_ascii=False))
            time.sleep(0.1)
        assert running.result().version == 1
    assert any("goose" in text for text in seen)
    for form in (PASSWORD, quote(PASSWORD, safe=""), json.dumps(PASSWORD)[1:-1]):
        assert not any(form in text for text in seen)
