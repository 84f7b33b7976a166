"""The example, from its sources to a machine that serves it."""

from __future__ import annotations

import hashlib
import http.client
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.include.images.containers import (
    MACHINE,
    Containers,
    address,
    booted,
    eventually,
    execute,
    folder,
    sh,
)

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = pytest.mark.integration
SOURCES = Path(__file__).parents[3] / "include" / "examples" / "guestbook"
VERSION = "1.0.0+1.gabc1234"
URL = "postgresql://guestbook:secret@database/guestbook"
DROP_IN = "[Service]\nEnvironmentFile=/run/guestbook.env\n"
BUILD = f"""
touch guestbook/*.py
SOURCE_DATE_EPOCH=1700000000 VERSION={VERSION} nfpm package -f packaging/nfpm.yaml -p deb -t /tmp
"""


@pytest.fixture
def toolbox(containers: Containers) -> Container:
    """A toolbox with the sources in it."""
    files = folder(SOURCES, "work")
    return containers.start("slipway/toolbox:1", "sleep", "600", files=files, init=True)


@pytest.fixture
def database(containers: Containers) -> Container:
    """The guestbook's database, empty, under the name ``database``."""
    environment = {"POSTGRES_USER": "guestbook", "POSTGRES_PASSWORD": "secret"}
    return containers.start("slipway/postgres:15", alias="database", environment=environment)


def _deb(toolbox: Container) -> bytes:
    sh(toolbox, BUILD)
    code, deb = execute(toolbox, "cat", f"/tmp/guestbook_{VERSION}_all.deb")
    assert code == 0
    return deb


@pytest.fixture
def machine(containers: Containers, toolbox: Container, database: Container) -> Container:
    """A machine that serves the guestbook, its secret in a file that only root can read."""
    wait = "until pg_isready -q -h database; do sleep 0.1; done;"
    sh(toolbox, f"{wait} goose -dir migrations postgres '{URL}?sslmode=disable' up")
    files = {
        "root/guestbook.deb": _deb(toolbox),
        "etc/systemd/system/guestbook.service.d/secrets.conf": DROP_IN.encode(),
    }
    machine = containers.start("slipway/machine:12", files=files, **MACHINE)
    eventually(lambda: booted(machine))
    sh(machine, "apt-get update -qq && apt-get install -y -qq /root/guestbook.deb 2>&1")
    sh(machine, f"umask 077; echo DATABASE_URL={URL} > /run/guestbook.env")
    sh(machine, "systemctl daemon-reload; systemctl enable --now guestbook.service")
    eventually(lambda: _healthy(machine))
    return machine


def _healthy(machine: Container) -> bool:
    try:
        return _ask(_connect(machine), "GET", "/healthz")[0] == 200
    except OSError:
        return False


def _connect(machine: Container) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address(machine), 8000, timeout=10)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None
) -> tuple[int, object]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_its_own_tests_pass(containers: Containers, database: Container) -> None:
    code, output = containers.run(
        "slipway/python:3.11",
        "python",
        "-m",
        "pytest",
        "-q",
        files=folder(SOURCES, "src"),
        working_dir="/src",
        environment={"DATABASE_URL": URL},
    )
    assert (code, " passed" in output) == (0, True), output


def test_the_package_is_the_same_bytes_twice_and_lintian_clean(toolbox: Container) -> None:
    first, second = _deb(toolbox), _deb(toolbox)
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
    sh(toolbox, f"lintian --allow-root --fail-on error,warning /tmp/guestbook_{VERSION}_all.deb")


def test_the_package_goes_in_and_out_where_no_systemd_runs(
    containers: Containers, toolbox: Container
) -> None:
    script = """
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends /root/guestbook.deb
    getent passwd guestbook
    test -f /etc/default/guestbook
    apt-get purge -y -qq guestbook
    test ! -e /etc/default/guestbook
    test ! -e /usr/share/guestbook
    """
    files = {"root/guestbook.deb": _deb(toolbox)}
    code, output = containers.run("slipway/debian:12", "sh", "-ec", script, files=files)
    assert code == 0, output


def test_it_serves_what_the_package_says(machine: Container) -> None:
    connection = _connect(machine)
    hostname = sh(machine, "hostname")
    expected = {"version": VERSION, "hostname": hostname, "schema": 3}
    assert _ask(connection, "GET", "/version") == (200, expected)
    status, entry = _ask(connection, "POST", "/entries", '{"author": "Ada", "message": "Hi"}')
    assert status == 201
    assert _ask(connection, "GET", "/entries") == (200, [entry])
    assert sh(machine, "ps -C python3 -o user:20=") == "guestbook"


def test_it_stops_after_the_request_in_flight(machine: Container, database: Container) -> None:
    lock = "BEGIN; LOCK TABLE entries; SELECT pg_sleep(2); COMMIT"
    database.exec_run(["psql", "-U", "guestbook", "-c", lock], detach=True)
    locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
    eventually(lambda: sh(database, f'psql -U guestbook -Atc "{locked}"') != "0")
    connection = _connect(machine)
    connection.request("POST", "/entries", '{"author": "Ada", "message": "Hi"}')
    machine.exec_run(["systemctl", "stop", "guestbook.service"], detach=True)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (201, "close")
    state = "systemctl show guestbook.service -p ActiveState -p Result -p ExecMainStatus --value"
    eventually(lambda: sh(machine, state).split() == ["success", "0", "inactive"])


def test_without_a_database_it_runs_and_says_it_is_not_healthy(
    machine: Container, database: Container
) -> None:
    database.stop()
    assert _ask(_connect(machine), "GET", "/healthz")[0] == 503
    database.start()
    eventually(lambda: _healthy(machine))


def test_without_its_setting_it_stays_down(machine: Container) -> None:
    sh(machine, "echo > /run/guestbook.env; systemctl restart guestbook.service")
    asked = "systemctl show guestbook.service -p ActiveState -p ExecMainStatus --value"
    eventually(lambda: set(sh(machine, asked).split()) == {"failed", "78"})
    assert "DATABASE_URL is not set" in sh(machine, "journalctl -u guestbook.service --no-pager")
