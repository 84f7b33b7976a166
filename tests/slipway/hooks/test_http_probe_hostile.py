"""Machines whose answers are meant to cost the worker, or the triggerer, its time or memory."""

from __future__ import annotations

import contextlib
import gzip
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from slipway.hooks.http_probe import probe, probe_url
from slipway.model.cloud.answer import Answer

Play = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\n"
TIMEOUT = 0.6


@contextlib.contextmanager
def _machine(play: Play) -> Iterator[int]:
    """Answer each connection as the play has it, until the other side hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    play(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _ask(play: Play) -> tuple[Answer, float]:
    with _machine(play) as port:
        began = time.monotonic()
        [answer] = probe(["127.0.0.1"], port=port, path="/healthz", timeout=TIMEOUT)
        return answer, time.monotonic() - began


def _again(part: bytes, *, first: bytes = b"", pause: float = 0.0) -> Play:
    def play(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(part)
            time.sleep(pause)

    return play


def _once(whole: bytes) -> Play:
    return lambda connection: connection.sendall(whole)


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(_again(b"x" * 65536, first=OK + b"\r\n"), id="endless body"),
        pytest.param(
            _again(
                b"ffff\r\n" + b"x" * 65535 + b"\r\n",
                first=OK + b"Transfer-Encoding: chunked\r\n\r\n",
            ),
            id="endless chunks",
        ),
        pytest.param(_again(b"x", first=OK + b"\r\n", pause=0.2), id="trickling body"),
        pytest.param(
            _once(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(50 << 20))),
            id="archive of zeros",
        ),
        pytest.param(_once(OK + b"Content-Length: 99999999999\r\n\r\n"), id="promised body"),
        pytest.param(_once(OK + b"Content-Encoding: gzip\r\n\r\nno gzip"), id="broken encoding"),
    ],
)
def test_a_body_is_not_read_however_long(play: Play) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer, seconds = _ask(play)
    assert (answer.healthy, answer.said) == (True, "HTTP 200")
    assert seconds < TIMEOUT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(_again(b"H", pause=0.1), id="trickling status line"),
        pytest.param(_again(b"A: b\r\n", first=OK, pause=0.1), id="trickling headers"),
        pytest.param(_again(b"HTTP/1.1 103 Early\r\n\r\n"), id="endless 103"),
        pytest.param(_again(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.1), id="trickling 100"),
        pytest.param(lambda _: time.sleep(2), id="silence"),
    ],
)
def test_an_answer_has_a_time_in_all_however_it_trickles(play: Play) -> None:
    answer, seconds = _ask(play)
    assert not answer.healthy
    assert answer.said == "Timeout: no whole answer's head within 0.6 s"
    assert seconds < TIMEOUT + 10


@pytest.mark.parametrize(
    "play",
    [
        pytest.param(_again(b"A: " + b"b" * 4096 + b"\r\n", first=OK), id="endless headers"),
        pytest.param(_again(b"b" * 65536, first=OK + b"A: "), id="endless header"),
        pytest.param(_again(b"b" * 65536, first=b"HTTP/1.1 200 "), id="endless status line"),
        pytest.param(_again(b"<html>" * 10000), id="no HTTP at all"),
        pytest.param(_once(b"<html>healthy</html>\r\n"), id="HTTP/0.9"),
        pytest.param(_once(b"HTTP/1.1 2000 OK\r\n\r\n"), id="status of four digits"),
        pytest.param(_once(b"HTTP/1.1 -20 OK\r\n\r\n"), id="negative status"),
        pytest.param(_once(b"\0" * 70000), id="zeros"),
        pytest.param(_once(b""), id="nothing"),
    ],
)
def test_what_is_no_answer_is_short_and_soon_told(play: Play) -> None:
    answer, seconds = _ask(play)
    assert not answer.healthy
    assert "ProtocolError" in answer.said or "ReadError" in answer.said, answer.said
    assert len(answer.said) < 400
    assert seconds < TIMEOUT


def test_the_limit_on_headers_is_named() -> None:
    answer, _ = _ask(_again(b"A: " + b"b" * 4096 + b"\r\n", first=OK))
    assert answer.said.endswith("the answer's head is longer than 100 KiB")


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://169.254.169.254/latest/", "//127.0.0.1:1/"]
)
def test_nobody_is_sent_elsewhere(location: str) -> None:
    moved = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    answer, _ = _ask(_once(moved.encode()))
    assert (answer.healthy, answer.said) == (False, "HTTP 302")


def test_a_page_is_asked_as_carefully_as_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.hooks.http_probe.TIMEOUT", TIMEOUT)
    with _machine(_again(b"H", pause=0.1)) as port:
        began = time.monotonic()
        answer = probe_url(f"http://127.0.0.1:{port}/", status=200)
    assert answer.said.startswith("Timeout")
    assert time.monotonic() - began < TIMEOUT + 10


def test_many_slow_machines_are_waited_for_side_by_side() -> None:
    with _machine(lambda _: time.sleep(2)) as port:
        began = time.monotonic()
        addresses = [f"127.0.0.{number}" for number in range(1, 17)]
        answers = probe(addresses, port=port, path="/", timeout=TIMEOUT)
    assert [answer.address for answer in answers] == addresses
    assert time.monotonic() - began < len(addresses) * TIMEOUT / 2
