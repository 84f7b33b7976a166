"""Against real sockets on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from slipway.hooks import http_probe
from slipway.hooks.http_probe import probe, probe_url

STATUS = {"/healthz": 200, "/made": 204, "/elsewhere": 302, "/broken": 503}


class _Handler(BaseHTTPRequestHandler):
    let_go = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/hangs":
            self.let_go.wait(10)
        self.send_response(STATUS.get(self.path, 404))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    _Handler.let_go.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "healthy", "said"),
    [
        ("/healthz", True, "HTTP 200"),
        ("/made", True, "HTTP 204"),
        ("/elsewhere", False, "HTTP 302"),
        ("/broken", False, "HTTP 503"),
    ],
)
def test_an_answer(port: int, path: str, healthy: bool, said: str) -> None:
    (answer,) = probe(["127.0.0.1"], port=port, path=path)
    assert (answer.healthy, answer.said) == (healthy, said)


def test_nobody_listens() -> None:
    (answer,) = probe(["127.0.0.1"], port=1, path="/")
    assert not answer.healthy
    assert answer.said.startswith("ConnectError")


def test_an_answer_that_does_not_come(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_probe, "TIMEOUT", 0.2)
    (answer,) = probe(["127.0.0.1"], port=port, path="/hangs")
    assert not answer.healthy
    assert "Timeout" in answer.said


def test_a_proxy_of_the_worker_is_not_asked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert probe(["127.0.0.1"], port=port, path="/healthz")[0].healthy


def test_each_machine_is_asked_and_named(port: int) -> None:
    answers = probe(["127.0.0.1", "127.0.0.2"], port=port, path="/healthz")
    assert [answer.address for answer in answers] == ["127.0.0.1", "127.0.0.2"]
    assert [answer.healthy for answer in answers] == [True, False]


def test_no_machine_no_question() -> None:
    assert probe([], port=1, path="/") == []


@pytest.mark.parametrize(("path", "healthy"), [("/healthz", False), ("/broken", True)])
def test_another_status_may_be_the_right_one(port: int, path: str, healthy: bool) -> None:
    (answer,) = probe(["127.0.0.1"], port=port, path=path, status="503")
    assert answer.healthy is healthy
    page = probe_url(f"http://127.0.0.1:{port}{path}", status=503)
    assert page.healthy is healthy
    assert page.address.endswith(path)


def test_a_page_is_asked_through_the_workers_proxy(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert not probe_url(f"http://127.0.0.1:{port}/healthz", status=200).healthy


def test_what_only_looks_like_a_url() -> None:
    assert probe_url("http://shop:port/", status=200).said.startswith("InvalidURL")
