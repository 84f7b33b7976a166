"""The postgres image, started as people start the official one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.include.images.containers import Containers, address, eventually, execute, sh

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.integration
IMAGE = "slipway/postgres:15"
PASSWORD = "p'w \"x\\"


def _start(containers: Containers, *argv: str, **options: Any) -> tuple[Container, float]:
    environment = {"POSTGRES_PASSWORD": PASSWORD} | options.pop("environment", {})
    container = containers.start(IMAGE, *argv, environment=environment, **options)
    return container, eventually(partial(_ready, container))


def _ready(container: Container) -> bool:
    return execute(container, "pg_isready", "-q", "-h", address(container))[0] == 0


def _query(container: Container, sql: str, *, user: str, database: str, password: str) -> str:
    """Ask over the network, as a client elsewhere would."""
    argv = ["psql", "-h", address(container), "-U", user, "-d", database, "-Atc", sql]
    code, output = execute(container, *argv, environment={"PGPASSWORD": password})
    return output.decode().strip() if code == 0 else f"failed: {output.decode()}"


def test_user_database_password_and_arguments(containers: Containers) -> None:
    container, seconds = _start(
        containers,
        *("-c", "max_connections=42"),
        environment={"POSTGRES_USER": "ada", "POSTGRES_DB": 'guest "book"'},
    )
    as_ada: dict[str, str] = {"user": "ada", "database": 'guest "book"'}
    assert _query(container, "SHOW max_connections", password=PASSWORD, **as_ada) == "42"
    assert "authentication failed" in _query(container, "SELECT 1", password="wrong", **as_ada)
    assert seconds < 10


def test_the_database_is_named_for_the_user_by_default(containers: Containers) -> None:
    container, _ = _start(containers, environment={"POSTGRES_USER": "ada"})
    asked = "SELECT current_database(), pg_encoding_to_char(encoding) FROM pg_database LIMIT 1"
    answer = _query(container, asked, user="ada", database="ada", password=PASSWORD)
    assert answer == "ada|UTF8"


def test_settings_can_come_from_files(containers: Containers) -> None:
    container, _ = _start(
        containers,
        files={"secrets/password": b"from a file\n", "secrets/user": b"bob\n"},
        environment={
            "POSTGRES_PASSWORD": "",
            "POSTGRES_PASSWORD_FILE": "/secrets/password",
            "POSTGRES_USER_FILE": "/secrets/user",
            "POSTGRES_INITDB_ARGS": "--data-checksums --locale='C'",
        },
    )
    asked = {"user": "bob", "database": "bob", "password": "from a file"}
    assert _query(container, "SHOW data_checksums", **asked) == "on"


def test_without_a_password_it_does_not_start(containers: Containers) -> None:
    code, output = containers.run(IMAGE)
    assert (code, "set POSTGRES_PASSWORD" in output) == (1, True)
    both = {"POSTGRES_PASSWORD": "x", "POSTGRES_PASSWORD_FILE": "/etc/hostname"}
    code, output = containers.run(IMAGE, environment=both)
    assert (code, "both set" in output) == (1, True)


def test_trust_lets_anybody_in(containers: Containers) -> None:
    trust = {"POSTGRES_PASSWORD": "", "POSTGRES_HOST_AUTH_METHOD": "trust"}
    container, _ = _start(containers, environment=trust)
    anybody = {"user": "postgres", "database": "postgres", "password": ""}
    assert _query(container, "SELECT 1", **anybody) == "1"


def test_scripts_run_once_and_before_anybody_can_connect(containers: Containers) -> None:
    scripts = {
        "docker-entrypoint-initdb.d/1.sql": b"CREATE TABLE t AS SELECT 1 AS n;",
        "docker-entrypoint-initdb.d/2.sh": (
            b"#!/bin/sh\nset -e\n"
            b"! pg_isready -q -h 127.0.0.1\n"
            b'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO t VALUES (2)"\n'
        ),
    }
    container, _ = _start(containers, files=scripts)
    asked = {"user": "postgres", "database": "postgres", "password": PASSWORD}
    assert _query(container, "SELECT sum(n) FROM t", **asked) == "3"
    container.restart()
    container.reload()
    eventually(partial(_ready, container))
    assert _query(container, "SELECT sum(n) FROM t", **asked) == "3"


def test_a_script_that_fails_stops_the_start_and_leaves_no_half_database(
    containers: Containers,
) -> None:
    wrong = {"docker-entrypoint-initdb.d/1.sql": b"CREATE TABEL t;"}
    container = containers.start(IMAGE, files=wrong, environment={"POSTGRES_PASSWORD": "x"})
    for _ in range(2):
        assert container.wait(timeout=60)["StatusCode"] != 0
        container.start()
    assert container.logs().decode().count('syntax error at or near "TABEL"') >= 2


def test_it_gets_healthy_stops_cleanly_and_keeps_its_data(containers: Containers) -> None:
    container, _ = _start(containers)

    def healthy() -> bool:
        container.reload()
        return bool(container.attrs["State"]["Health"]["Status"] == "healthy")

    eventually(healthy)
    sh(container, "psql -U postgres -c 'CREATE TABLE kept (n int)'")
    container.stop(timeout=10)
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 0
    container.start()
    eventually(healthy)
    assert sh(container, "psql -U postgres -Atc 'SELECT count(*) FROM kept'") == "0"
    assert "not properly shut down" not in container.logs().decode()


def test_other_programs_run_as_they_are(containers: Containers) -> None:
    assert containers.run(IMAGE, "postgres", "--version")[1].startswith("postgres (PostgreSQL) 15")
    assert containers.run(IMAGE, "psql", "--version")[1].startswith("psql (PostgreSQL) 15")
