"""A test of a hook, sent to a real server."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from slipway.hooks.webhook_trial import try_webhook

SECRET = "0123456789abcdef"


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
        is_right = self.headers["X-Hub-Signature"] == right
        status = 302 if self.path == "/elsewhere" else 200 if is_right else 401
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/shop")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Receiver) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def test_the_right_secret_is_taken_and_another_one_is_not(server: str) -> None:
    assert try_webhook(f"{server}/shop", SECRET) == 200
    assert try_webhook(f"{server}/shop", SECRET[::-1]) == 401


def test_nothing_that_was_signed_is_sent_on_to_where_somebody_points(server: str) -> None:
    assert try_webhook(f"{server}/elsewhere", SECRET) == 302


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/shop", "http://[", "ftp://127.0.0.1/shop"])
def test_whoever_cannot_be_reached_from_here_may_be_reached_by_others(url: str) -> None:
    assert try_webhook(url, SECRET) is None
