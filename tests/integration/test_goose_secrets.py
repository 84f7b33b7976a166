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

from tests.integration import test_goose
from tests.integration.test_goose import GOOD, PASSWORD, migrate, psql

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine, database, _turns = test_goose.engine, test_goose.database, test_goose._turns
LEAK = """-- +goose Up
-- +goose ENVSUB ON
create table leak (value text);
insert into leak
values ('${GOOSE_DBSTRING}|${PGPASSWORD}|${DATABASE_URL}|${PGPASSFILE}|${HOME}');
-- +goose ENVSUB OFF
-- +goose Down
drop table leak;
"""


def test_a_migration_that_asks_for_gooses_environment_gets_no_password(
    engine: ContainerEngine, repository: Repository, database: str
) -> None:
    migrate(engine, repository, repository.commit(migrations__00001_leak_dot_sql=LEAK))
    got = psql(engine, database, "select value from leak")
    assert "/run/secrets/pgpass" in got  # it was substituted, and this is only a path
    for form in (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD)):
        assert form not in got


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
