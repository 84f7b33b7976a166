"""Six little servers, as people have them behind their balancers."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from slipway.hooks.http_probe import probe
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.health_check import Scheme


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(1)
        self.send_response({"/moved": 301, "/login": 401}.get(self.path, 200))
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of one's own for another name, which was over yesterday."""
    file = tmp_path_factory.mktemp("tls") / "all.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:1024",
            "-nodes",
            "-keyout",
            file,
            "-out",
            f"{file}.crt",
            "-subj",
            "/CN=elsewhere",
            "-days",
            "1",
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


def _serve(tls: Path | None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture
def plain() -> Iterator[int]:
    yield from _serve(None)


@pytest.fixture
def secret(certificate: Path) -> Iterator[int]:
    yield from _serve(certificate)


@pytest.fixture
def dumb() -> Iterator[int]:
    """Takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def _ask(port: int, **question: object) -> Answer:
    fields: dict[str, object] = {"port": port, "path": "/", "timeout": 3.0} | question
    [answer] = probe(["127.0.0.1"], **fields)  # type: ignore[arg-type]
    return answer


def test_a_certificate_of_ones_own_is_taken(secret: int) -> None:
    assert _ask(secret, scheme=Scheme.HTTPS) == Answer(
        address="127.0.0.1", healthy=True, said="HTTP 200", status=200
    )


def test_a_service_without_http_is_healthy_when_it_takes_connections(dumb: int) -> None:
    assert _ask(dumb, scheme=Scheme.TCP).healthy


def test_a_handshake_is_asked_for_where_the_balancer_does(secret: int, dumb: int) -> None:
    assert _ask(secret, scheme=Scheme.TLS).healthy
    silent = _ask(dumb, scheme=Scheme.TLS, timeout=0.2)
    assert (silent.healthy, silent.said) == (False, "Timeout: no connection within 0.2 s")


def test_nobody_listening_is_ill_in_every_way() -> None:
    for scheme in Scheme:
        answer = _ask(1, scheme=scheme)
        assert not answer.healthy
        assert answer.said


@pytest.mark.parametrize(
    ("path", "status", "healthy"),
    [
        ("/moved", "200-399", True),
        ("/moved", "200-299", False),
        ("/login", "200,401", True),
        ("/login", "200-399", False),
    ],
)
def test_a_redirect_or_a_login_is_right_where_somebody_says_so(
    plain: int, path: str, status: str, healthy: bool
) -> None:
    assert _ask(plain, path=path, status=status).healthy is healthy


def test_a_slow_service_has_the_time_that_its_balancer_gives(plain: int) -> None:
    assert not _ask(plain, path="/slow", timeout=0.3).healthy
    assert _ask(plain, path="/slow", timeout=5.0).healthy


def test_http_on_a_port_of_tls_says_what_came(secret: int) -> None:
    answer = _ask(secret)
    assert not answer.healthy
