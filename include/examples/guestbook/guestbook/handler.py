"""The service's pages."""

from __future__ import annotations

import json
import logging
import socket
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from guestbook import config
from guestbook.pool import DatabaseUnavailable
from guestbook.server import Drain
from guestbook.store import Store

logger = logging.getLogger(__name__)
WELCOME = Path(__file__).with_name("welcome.txt").read_text(encoding="utf-8")
MAX_BODY = 64 * 1024
LIMITS = {"author": 80, "message": 1000}


class Refused(Exception):
    """The request cannot be served as it is."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """One connection: answers requests until either side has had enough.

    :cvar version: of the package; this and the next two are set by :func:`handler`.
    :cvar store: where entries live.
    :cvar drain: tells when the service is about to stop.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Seconds between two pieces of a request.
    timeout = 10
    version: str
    store: Store
    drain: Drain

    def handle(self) -> None:
        """Serve the connection's requests, one after the other."""
        self.close_connection = False
        while not self.close_connection and self.drain.await_request(self.connection, self.rfile):
            try:
                self.handle_one_request()
            except ConnectionError:
                return

    def do_GET(self) -> None:
        """Answer GET."""
        self._answer(
            {
                "/": self._welcome,
                "/healthz": self._healthz,
                "/version": self._version,
                "/entries": self._entries,
            }
        )

    def do_POST(self) -> None:
        """Answer POST."""
        self._answer({"/entries": self._add_entry})

    def _welcome(self) -> tuple[HTTPStatus, Any]:
        return HTTPStatus.OK, {"welcome": WELCOME.strip()}

    def _healthz(self) -> tuple[HTTPStatus, Any]:
        self.store.ping()
        return HTTPStatus.OK, {"status": "ok"}

    def _version(self) -> tuple[HTTPStatus, Any]:
        try:
            schema = self.store.schema()
        except DatabaseUnavailable:
            schema = None
        return HTTPStatus.OK, {
            "version": self.version,
            "hostname": socket.gethostname(),
            "schema": schema,
        }

    def _entries(self) -> tuple[HTTPStatus, Any]:
        text = parse_qs(urlsplit(self.path).query).get("limit", ["50"])[0]
        if not text.isdecimal() or not 1 <= int(text) <= 200:
            raise Refused(HTTPStatus.BAD_REQUEST, "limit must be 1 to 200")
        return HTTPStatus.OK, self.store.latest(int(text))

    def _add_entry(self) -> tuple[HTTPStatus, Any]:
        body = self._body()
        fields = {}
        for name, limit in LIMITS.items():
            value = body.get(name)
            if not isinstance(value, str) or not 1 <= len(value.strip()) <= limit:
                raise Refused(HTTPStatus.BAD_REQUEST, f"{name} must be 1 to {limit} characters")
            if "\0" in value:
                raise Refused(HTTPStatus.BAD_REQUEST, f"{name} must not hold NUL")
            fields[name] = value.strip()
        return HTTPStatus.CREATED, self.store.add(**fields)

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing")
        if int(length) > MAX_BODY:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY} bytes")
        try:
            data = self.rfile.read(int(length))
        except TimeoutError:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive") from None
        self.unread = False
        try:
            body = json.loads(data)
        except ValueError:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body is not JSON") from None
        if not isinstance(body, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "the body is not a JSON object")
        return body

    def _answer(self, pages: dict[str, Any]) -> None:
        started = time.monotonic()
        path = urlsplit(self.path).path
        self.unread = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        try:
            if path not in pages:
                raise Refused(HTTPStatus.NOT_FOUND, f"there is no {self.command} {path}")
            status, answer = pages[path]()
        except Refused as refusal:
            status, answer = refusal.status, {"error": str(refusal)}
        except DatabaseUnavailable as problem:
            logger.warning("database unavailable", extra={"fields": {"reason": str(problem)}})
            status, answer = HTTPStatus.SERVICE_UNAVAILABLE, {"error": "database unavailable"}
        except Exception:
            logger.exception("request failed", extra={"fields": {"path": path}})
            status, answer = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "internal error"}
        self._send(status, answer)
        # Health checks come every second and say nothing while they pass.
        if path != "/healthz" or status != HTTPStatus.OK:
            milliseconds = round((time.monotonic() - started) * 1000, 1)
            fields = {"method": self.command, "path": path, "status": status, "ms": milliseconds}
            logger.info("request", extra={"fields": fields})

    def _send(self, status: HTTPStatus, answer: Any) -> None:
        data = json.dumps(answer, ensure_ascii=False).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        # A body that nobody has read would pass for the next request.
        if self.drain.started or self.close_connection or self.unread:
            self.send_header("Connection", "close")
        # In one write with the headers, so that it leaves in one packet.
        self._headers_buffer.append(b"\r\n" + data)
        self.flush_headers()

    def version_string(self) -> str:
        """Name the service, and not the Python it runs on, in the ``Server`` header."""
        return "guestbook"

    def log_message(self, *_: Any) -> None:
        """Stay silent: ``_answer`` has logged the request."""


def handler(store: Store, drain: Drain) -> type[Handler]:
    """Return the handler class for a store; the server makes one instance per connection."""
    # The version is read once: an upgrade in place must not rename what is running.
    bound = {"version": config.version(), "store": store, "drain": drain}
    return type("BoundHandler", (Handler,), bound)
