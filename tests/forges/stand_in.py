"""A server that plays a git host: it keeps what it is told, and misbehaves when it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody asked.

    :param headers: by their names in small letters.
    :param body: what the JSON says; None without one.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered once, in place of the usual.

    :param body: sent as it is where it is bytes, else as JSON.
    :param wait: seconds before anything is answered.
    :param trickle: seconds between the bytes of the body.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    trickle: float = 0.0


@dataclass
class StandIn:
    """A host that plays whichever is asked for by its paths.

    :param url: where it listens.
    :param authorization: the only one that is let in; None lets in everybody.
    :param shas: the commits that there are; None means any.
    :param script: answers in place of the usual, each once, in this order.
    :param requests: what was asked.
    """

    url: str = ""
    authorization: str | None = None
    shas: frozenset[str] | None = None
    script: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bodies(self, part: str = "/statuses") -> list[Any]:
        """What was sent to paths with this in them, in order."""
        return [one.body for one in self.requests if part in one.path and one.method == "POST"]

    def answer(self, request: Request) -> Reply:
        """Answer as a host does that is well."""
        with self._lock:
            self.requests.append(request)
            if self.script:
                return self.script.pop(0)
        shown = request.headers.get("authorization") or request.headers.get("private-token")
        if self.authorization is not None and shown != self.authorization:
            return Reply(status=401, body={"type": "error", "error": {"message": "Bad token"}})
        if self.shas is not None and not any(sha in request.path for sha in self.shas):
            return Reply(status=404, body={"error": {"message": "Commit not found"}})
        if request.path.startswith("/2.0/") and request.path.endswith("/statuses/build"):
            return _bitbucket_status(request.body)
        if request.method == "DELETE":
            return Reply(status=204)
        return Reply(status=201, body={"ok": True})


def _bitbucket_status(body: Any) -> Reply:
    """Refuse what Bitbucket Cloud refuses."""
    wrong = ""
    if len(body["key"]) > 40:
        wrong = "key: Ensure this value has at most 40 characters"
    elif body["state"] not in ("INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"):
        wrong = "state: unknown"
    elif not body["url"].startswith(("http://", "https://")) or "localhost" in body["url"]:
        wrong = "url: Enter a valid URL."
    elif len(body.get("description", "")) > 255:
        wrong = "description: too long"
    if wrong:
        return Reply(status=400, body={"type": "error", "error": {"message": wrong}})
    return Reply(status=201, body=body)


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        data = self.rfile.read(size)
        reply = self.stand_in.answer(
            Request(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=json.loads(data) if data else None,
            )
        )
        time.sleep(reply.wait)
        body = reply.body if isinstance(reply.body, bytes) else b""
        if reply.body is not None and not isinstance(reply.body, bytes):
            body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for piece in [bytes([one]) for one in body] if reply.trickle else [body]:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(reply.trickle)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - as the library has them

    def handle(self) -> None:
        """Serve until whoever asks has gone."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@contextmanager
def stand_in(**settings: Any) -> Iterator[StandIn]:
    """Serve on a port of this machine, until the block ends."""
    one = StandIn(**settings)
    handler = type("Handler", (_Handler,), {"stand_in": one})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    one.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
