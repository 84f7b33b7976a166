"""The balancer's HAProxy, without a cloud."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from include.localcloud.balancer.config import Listener, Pool, render
from include.localcloud.balancer.haproxy import Check, HAProxy
from include.localcloud.engine import Engine
from tests.lanes import own

pytestmark = pytest.mark.integration
INSTALLATION = own("test-cloud-haproxy")


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[HAProxy]:
    engine = Engine(installation=INSTALLATION)
    engine.sweep()
    balancer = HAProxy(engine=engine, folder=tmp_path)
    balancer.start(render([], []))
    yield balancer
    engine.sweep()


def pools(count: int) -> list[Pool]:
    return [
        Pool(
            name=f"pool{number}",
            path="/",
            check_port=None,
            interval=60,
            timeout=1,
            rise=2,
            fall=2,
            codes="200",
        )
        for number in range(count)
    ]


def test_reloads_in_quick_succession_are_all_obeyed(haproxy: HAProxy) -> None:
    """A signal that the master loses is sent again."""
    for count in range(1, 16):
        haproxy.reload(render([], pools(count)))
        assert (f"pool{count - 1}", "slot1") in haproxy.seen()


class Fine(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    cookies: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.cookies.append("; ".join(self.headers.get_all("Cookie", [])))
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


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def port(haproxy: HAProxy, target: int) -> int:
    """Return a port behind which the target answers."""
    number = free_port()
    haproxy.reload(render([Listener(port=number, pools=(("pool0", 1),))], pools(1)))
    haproxy.fill("pool0", "slot1", "127.0.0.1", target)
    haproxy.accept("pool0", "slot1")
    return number


def status_of(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        return connection.makefile().read().split()[1]


@pytest.mark.parametrize("shares", [(("pool0", 1),), (("pool0", 50), ("pool1", 50))])
def test_a_target_group_without_a_healthy_target_sends_to_all_of_them(
    haproxy: HAProxy, target: int, shares: tuple[tuple[str, int], ...]
) -> None:
    """As AWS does; a classic balancer answers 503, and so does one without any target."""
    number = free_port()
    opened = [replace(one, fails_open=True) for one in pools(2)]
    haproxy.reload(render([Listener(port=number, pools=shares)], opened))
    assert status_of(number) == "503"
    for pool, _ in shares:
        haproxy.fill(pool, "slot1", "127.0.0.1", target)
    assert {status_of(number) for _ in range(10)} == {"200"}
    haproxy.reload(render([Listener(port=number, pools=shares)], [*opened, *pools(3)[2:]]))
    assert {status_of(number) for _ in range(10)} == {"200"}
    # What is healthy is enough: the ill one beside it, where nobody listens, gets nothing.
    for pool, _ in shares:
        haproxy.fill(pool, "slot2", "127.0.0.1", 1)
        haproxy.accept(pool, "slot1")
    assert {status_of(number) for _ in range(10)} == {"200"}
    for pool, _ in shares:
        haproxy.drain(pool, "slot1")
        haproxy.empty(pool, "slot2")
    assert status_of(number) == "503"
    classic = free_port()
    haproxy.reload(render([Listener(port=classic, pools=(("pool0", 1),))], pools(1)))
    haproxy.fill("pool0", "slot1", "127.0.0.1", target)
    assert status_of(classic) == "503"
    haproxy.accept("pool0", "slot1")
    assert status_of(classic) == "200"


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (("127.0.0.1:{}",), 200),
        (("127.0.0.1",), 200),
        (("localhost:{}",), 421),
        (("LOCALHOST",), 421),
        (("[::1]:{}",), 421),
        ((), 421),
        (("127.0.0.1.rebound.example:{}",), 421),
        (("rebound.example",), 421),
        (("127x0x0x1",), 421),
        (("127.0.0.1:{}@localhost",), 421),
        (("2130706433:{}",), 421),
        (("127.1:{}",), 421),
        (("127.0.0.1", "localhost"), 400),
        (("localhost", "127.0.0.1"), 400),
        (("localhost,127.0.0.1",), 421),
    ],
)
def test_a_page_of_an_application_is_none_of_airflows_host(
    port: int, hosts: tuple[str, ...], status: int
) -> None:
    """Where both have one host, an application reads Airflow's login with a line of script."""
    lines = "".join(f"Host: {one.format(port)}\r\n" for one in hosts)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET / HTTP/1.0\r\n{lines}\r\n".encode())
        answer = connection.makefile().read()
    assert answer.split()[1] == str(status), answer
    assert ("Ask for this port of http://127.0.0.1" in answer) is (status == 421)


def arrived(port: int, *sent: str) -> str:
    """Ask with those Cookie headers; return the application's view of them."""
    Fine.cookies.clear()
    lines = "".join(f"Cookie: {one}\r\n" for one in sent)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())
        connection.recv(100)
    return Fine.cookies[-1].strip()


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("_token=jwt", "__gone="),
        ("a=1; _token=jwt", "a=1; __gone="),
        ("_token=jwt; a=1", "__gone=; a=1"),
        ("a=1; _token=jwt; b=2", "a=1; __gone=; b=2"),
        ("a=1; b=2", "a=1; b=2"),
        ("a=1, 2; b=3", "a=1, 2; b=3"),
        ("my_token=kept; a=_token=kept", "my_token=kept; a=_token=kept"),
    ],
)
def test_an_application_is_not_given_the_login_of_the_airflow_beside_it(
    port: int, sent: str, arrives: str
) -> None:
    """A browser sends a host's cookies to each of its ports."""
    assert arrived(port, sent) == arrives


@pytest.mark.parametrize(
    "sent",
    [
        ("_token=x; _token=jwt",),
        ("_token=x; _token=y; _token=jwt; _token=z",),
        ("_token=; _token=jwt",),
        ("_token=x,; _token=jwt",),
        ("a=1,_token=x; _token=jwt",),
        ('a="; _token=jwt',),
        ("_token=x;_token=jwt",),
        ("_token=x;  _token=jwt",),
        (";;_token=jwt",),
        ("_token=x", "_token=jwt"),
        ("_token=jwt", "a=1"),
        ("a=1", "_token=x; _token=jwt"),
        ("_token=x; " * 200 + "_token=jwt",),
    ],
)
def test_an_application_that_sets_a_decoy_is_not_given_the_login_behind_it(
    port: int, sent: tuple[str, ...]
) -> None:
    assert "jwt" not in arrived(port, *sent)


def test_a_link_in_haproxys_folder_leads_no_file_of_the_clouds_elsewhere(
    haproxy: HAProxy, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    for name in ("haproxy.cfg", "servers.state"):
        (tmp_path / "run" / name).symlink_to(victim)
        (tmp_path / "configuration" / name).unlink()
        (tmp_path / "configuration" / name).symlink_to(victim)
    haproxy.reload(render([], pools(1)))
    assert ("pool0", "slot1") in haproxy.seen()
    assert victim.read_text() == "kept"


def test_haproxy_writes_no_configuration_of_its_own(haproxy: HAProxy) -> None:
    api: Any = Engine(installation=INSTALLATION).api
    [found] = api.containers(filters={"label": f"slipway.installation={INSTALLATION}"})
    mounts = {one["Destination"]: one["RW"] for one in found["Mounts"]}
    assert mounts == {"/cloud": True, "/configuration": False}
    assert haproxy.seen() == {}
