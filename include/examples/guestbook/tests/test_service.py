"""The whole service, in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection

from guestbook import config

ROOT = Path(__file__).parent.parent
ENTRY = json.dumps({"author": "Ada", "message": "hello"})


class Service:
    """A running guestbook, and what it has logged."""

    def __init__(self, url: str) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "GUESTBOOK_ADDRESS": "127.0.0.1",
            "GUESTBOOK_PORT": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "guestbook"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = self.next_line()["port"]

    def next_line(self) -> dict[str, Any]:
        """Return the next log line."""
        return json.loads(self.process.stdout.readline())

    def connect(self) -> http.client.HTTPConnection:
        """Open a connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.connect()
        return connection

    def stop(self) -> None:
        """Ask it to stop, and return when it has begun to."""
        self.process.send_signal(signal.SIGTERM)
        while self.next_line()["event"] != "stopping":
            pass


@pytest.fixture
def service(url: str) -> Iterator[Service]:
    """Start a guestbook on a fresh database."""
    service = Service(url)
    yield service
    service.process.kill()
    service.process.wait()
    service.process.stdout.close()


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None
) -> tuple[int, Any]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_entries_are_written_and_read_over_one_connection(service: Service) -> None:
    connection = service.connect()
    socket = connection.sock
    status, entry = _ask(connection, "POST", "/entries", ENTRY)
    assert (status, entry["author"]) == (201, "Ada")
    assert _ask(connection, "GET", "/entries?limit=1") == (200, [entry])
    assert connection.sock is socket


def test_health_version_and_welcome(service: Service) -> None:
    connection = service.connect()
    assert _ask(connection, "GET", "/healthz") == (200, {"status": "ok"})
    status, version = _ask(connection, "GET", "/version")
    assert (status, set(version), version["schema"]) == (200, {"version", "hostname", "schema"}, 0)
    assert _ask(connection, "GET", "/")[1]["welcome"].startswith("Welcome")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "/entries?limit=0", None, 400),
        ("GET", "/entries?limit=x", None, 400),
        ("POST", "/entries", "{", 400),
        ("POST", "/entries", "[]", 400),
        ("POST", "/entries", '{"author": "Ada"}', 400),
        ("POST", "/entries", '{"author": "Ada", "message": "  "}', 400),
        ("POST", "/entries", '{"author": "Ada", "message": "\\u0000"}', 400),
        ("POST", "/entries", json.dumps({"author": "A" * 81, "message": "x"}), 400),
        ("POST", "/nothing", ENTRY, 404),
    ],
)
def test_nonsense_is_refused_and_the_service_goes_on(
    service: Service, method: str, path: str, body: str | None, status: int
) -> None:
    connection = service.connect()
    answer = _ask(connection, method, path, body)
    assert (answer[0], set(answer[1])) == (status, {"error"})
    assert _ask(connection, "GET", "/healthz")[0] == 200


def test_health_fails_while_the_database_does(url: str) -> None:
    service = Service(url.replace("/test_", "/no_such_test_"))
    connection = service.connect()
    assert _ask(connection, "GET", "/healthz") == (503, {"error": "database unavailable"})
    assert _ask(connection, "GET", "/version")[1]["schema"] is None
    service.process.kill()
    service.process.communicate()


def test_a_request_in_flight_is_finished(service: Service, other: Connection) -> None:
    with other.cursor() as cursor:
        cursor.execute("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")
    connection = service.connect()
    connection.request("POST", "/entries", ENTRY)
    _wait_for_blocked(other)
    service.stop()
    other.rollback()
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (201, "close")
    assert service.process.wait(10) == 0


def test_an_idle_connection_may_ask_once_more(service: Service) -> None:
    connections = [service.connect() for _ in range(8)]
    for connection in connections:
        assert _ask(connection, "GET", "/entries") == (200, [])
    service.stop()
    for connection in connections:
        connection.request("GET", "/entries")
    answers = [connection.getresponse() for connection in connections]
    assert {(a.status, a.getheader("Connection")) for a in answers} == {(200, "close")}
    assert service.process.wait(10) == 0


def test_a_request_that_was_sent_before_the_stop_is_answered(service: Service) -> None:
    connections = [service.connect() for _ in range(32)]
    threads = [threading.Thread(target=c.request, args=("GET", "/entries")) for c in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.process.send_signal(signal.SIGTERM)
    assert {connection.getresponse().status for connection in connections} == {200}
    assert service.process.wait(10) == 0


def test_after_the_stop_nobody_gets_in(service: Service) -> None:
    service.stop()
    assert service.process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        service.connect()


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(config.ConfigurationError, match="DATABASE_URL"):
        config.Config.from_environment({})
    with pytest.raises(config.ConfigurationError, match="GUESTBOOK_PORT is '80a'"):
        config.Config.from_environment({"DATABASE_URL": "x", "GUESTBOOK_PORT": "80a"})


def test_the_version_is_the_name_of_the_installed_file(tmp_path: Path) -> None:
    (tmp_path / "1.2.0+3.gabc").touch()
    assert config.version(tmp_path) == "1.2.0+3.gabc"
    assert config.version(tmp_path / "missing") == "0.0.0+source"


def _wait_for_blocked(observer: Connection) -> None:
    """Return when some statement waits for a lock."""
    with observer.cursor() as cursor:
        for _ in range(1000):
            cursor.execute("SELECT pg_sleep(0.01), count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[1]:
                return
    raise TimeoutError
