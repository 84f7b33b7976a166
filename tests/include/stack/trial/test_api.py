"""Airflow's API is asked again while a part of Airflow is away; nothing is started twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest

from include.stack.trial import api

# What the server answers next.
ANSWERS: list[int] = []
ASKED: list[str] = []


class _Airflow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ASKED.append(self.command)
        self.send_response(ANSWERS.pop(0))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the base class's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    ASKED.clear()
    server = HTTPServer(("127.0.0.1", 0), _Airflow)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with httpx.Client(base_url=url, transport=api._PatientTransport()) as made:
        yield made
    server.shutdown()
    server.server_close()


def test_a_question_is_asked_again_while_the_database_is_away(client: httpx.Client) -> None:
    ANSWERS[:] = [500, 503, 200]
    assert client.get("/").status_code == 200
    assert ASKED == ["GET"] * 3


def test_what_is_refused_is_not_asked_again(client: httpx.Client) -> None:
    ANSWERS[:] = [404]
    assert client.get("/").status_code == 404


def test_a_run_is_not_started_twice(client: httpx.Client) -> None:
    ANSWERS[:] = [500]
    assert client.post("/").status_code == 500
    assert ASKED == ["POST"]
