"""The balancer's HAProxy, without a cloud."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from include.localcloud.balancer_config import Listener, Pool, render
from include.localcloud.engine import Engine
from include.localcloud.haproxy import Check, HAProxy

pytestmark = pytest.mark.integration


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[HAProxy]:
    engine = Engine(installation="test-cloud-haproxy")
    engine.sweep()
    balancer = HAProxy(engine=engine, folder=tmp_path)
    balancer.start(render([], []))
    yield balancer
    engine.sweep()


def pools(count: int) -> list[Pool]:
    return [
        Pool(
            name=f"pool{number}", path="/", check_port=None, interval=60, timeout=1,
            rise=2, fall=2, codes="200",
        )
        for number in range(count)
    ]  # fmt: skip


def test_reloads_in_quick_succession_are_all_obeyed(haproxy: HAProxy) -> None:
    """A signal that the master loses is sent again."""
    for count in range(1, 16):
        haproxy.reload(render([], pools(count)))
        assert (f"pool{count - 1}", "slot1") in haproxy.seen()


class Fine(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    cookies: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.cookies.append(self.headers.get("Cookie", ""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Fine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_reload_keeps_what_is_in_the_slots(haproxy: HAProxy, target: int) -> None:
    haproxy.reload(render([], pools(1)))
    haproxy.fill("pool0", "slot1", "127.0.0.1", target)
    # With a minute between two checks, nothing but this makes the slot healthy.
    assert haproxy.seen()["pool0", "slot1"].check is Check.DOWN
    haproxy.accept("pool0", "slot1")
    haproxy.reload(render([], pools(2)))
    assert haproxy.seen()["pool0", "slot1"].check is Check.UP
    assert haproxy.seen()["pool1", "slot1"].check is Check.DOWN


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("_token=jwt", ""),
        ("a=1; _token=jwt", "a=1;"),
        ("_token=jwt; a=1", "a=1"),
        ("a=1; _token=jwt; b=2", "a=1; b=2"),
        ("a=1; b=2", "a=1; b=2"),
        ("my_token=kept; a=_token=kept", "my_token=kept; a=_token=kept"),
    ],
)
def test_an_application_is_not_given_the_login_of_the_airflow_beside_it(
    haproxy: HAProxy, target: int, sent: str, arrives: str
) -> None:
    """A browser sends a host's cookies to each of its ports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    haproxy.reload(render([Listener(port=port, pools=(("pool0", 1),))], pools(1)))
    haproxy.fill("pool0", "slot1", "127.0.0.1", target)
    haproxy.accept("pool0", "slot1")
    Fine.cookies.clear()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Cookie": sent})
    urllib.request.urlopen(request, timeout=10).close()
    assert Fine.cookies[-1].strip() == arrives
