"""Stands between Slipway and the cloud's API, counts changes, and lets one of them go wrong."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.faults.aws_call import Call, read_call
from tests.faults.faults import Fault, Strike
from tests.faults.refusals import Refusal, denied, throttled

# Seconds. What is held is let go at the latest then, so that no test hangs for ever.
_HOLD, _UPSTREAM = 60.0, 60.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
Signal = Callable[[signal.Signals], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class FaultProxy:
    """A reverse proxy on a free port of 127.0.0.1.

    :param port: of the API on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._lock = threading.Lock()
        self._strike = Strike(fault=Fault.NONE, label="")
        self._left: int | None = 0
        self._turn = 0
        self._signal: Signal = lambda _number: None
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.calls: list[Call] = []
        self.struck = False

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True, name="proxy").start()
        return self

    def __exit__(self, *_: object) -> None:
        self.calm()
        self._server.shutdown()
        self._server.server_close()

    def arm(self, strike: Strike, *, victim: Signal) -> None:
        """Forget what was counted, and prepare one fault.

        :param victim: sends a signal to the process under test, and returns when it took effect.
        """
        self.calm()
        with self._lock:
            self._strike, self._left, self._turn = strike, strike.times, 0
            self._signal, self._released, self.struck = victim, threading.Event(), False
            self.calls = []

    def calm(self) -> None:
        """Let no more calls go wrong, and let go of those that hang."""
        with self._lock:
            self._strike, self._left = Strike(fault=Fault.NONE, label=""), 0
        self._released.set()

    def judge(self, call: Call) -> Fault:
        """Count a call, and say what happens to it."""
        with self._lock:
            if not call.mutating:
                return Fault.NONE
            self.calls.append(call)
            if call.label != self._strike.label or self._strike.fault is Fault.NONE:
                return Fault.NONE
            self._turn += 1
            if self._turn < self._strike.turn or self._left == 0:
                return Fault.NONE
            self.struck = True
            self._left = None if self._left is None else self._left - 1
            return self._strike.fault

    def answer(self, call: Call, forward: Callable[[], _Answer]) -> _Answer | Refusal | None:
        """Return the answer to a call; None closes the connection without one."""
        match fault := self.judge(call):
            case Fault.NONE:
                return forward()
            case Fault.THROTTLED_3X | Fault.THROTTLED:
                return throttled(call.protocol)
            case Fault.REFUSED:
                return denied(call.protocol)
            case _:
                self._cut(fault, forward)
                return None

    def _cut(self, fault: Fault, forward: Callable[[], _Answer]) -> None:
        released = self._released
        if fault in (Fault.ANSWER_LOST, Fault.KILL_AFTER):
            forward()
        if fault in (Fault.KILL_BEFORE, Fault.KILL_AFTER):
            self._signal(signal.SIGKILL)
        if fault is Fault.STALE:
            self._signal(signal.SIGSTOP)
        if fault in (Fault.HANG, Fault.STALE):
            released.wait(_HOLD)

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> _Answer:
        """Ask the cloud."""
        connection = http.client.HTTPConnection("127.0.0.1", self._upstream, timeout=_UPSTREAM)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kept = [one for one in answer.getheaders() if one[0].lower() not in _HOP_BY_HOP]
            return _Answer(status=answer.status, headers=kept, body=answer.read())
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: FaultProxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave together, or the client's delayed acknowledgement costs 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key: value for key, value in self.headers.items() if key.lower() != "connection"}
        call = read_call(self.command, self.path, headers, body)
        proxy = self.server.proxy
        answer = proxy.answer(call, lambda: proxy.forward(self.command, self.path, headers, body))
        if answer is None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        else:
            with suppress(OSError):
                self._send(answer)

    def _send(self, answer: _Answer | Refusal) -> None:
        self.send_response_only(answer.status)
        kinds = [("Content-Type", answer.kind)] if isinstance(answer, Refusal) else answer.headers
        for key, value in kinds:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
            self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
