"""What botocore sends again by itself is asked about again."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from slipway.exceptions import LeaseHeld
from slipway.hooks.fleet_fence import fenced


class _Throttling(BaseHTTPRequestHandler):
    """Says no to everything, and counts."""

    asked: int = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        body = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def client() -> Iterator[Any]:
    _Throttling.asked = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Throttling)
    Thread(target=server.serve_forever, daemon=True).start()
    make: Any = boto3.client
    yield make(
        "autoscaling", endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )  # fmt: skip
    server.shutdown()
    server.server_close()


def _taken_over() -> None:
    msg = "somebody else is changing this environment"
    raise LeaseHeld(msg)


def _never() -> None:
    msg = "this fence was replaced"
    raise AssertionError(msg)


def test_a_second_try_is_refused_when_somebody_took_over(client: Any) -> None:
    with pytest.raises(LeaseHeld):
        fenced(client, _taken_over).delete_auto_scaling_group(AutoScalingGroupName="g")
    assert _Throttling.asked == 1


def test_each_further_try_is_asked_about(client: Any) -> None:
    asked: list[int] = []
    guarded = fenced(client, lambda: asked.append(_Throttling.asked))
    with pytest.raises(ClientError, match="Throttling"):
        guarded.delete_auto_scaling_group(AutoScalingGroupName="g")
    assert asked == [1, 2]


def test_looking_is_free(client: Any) -> None:
    with pytest.raises(ClientError, match="Throttling"):
        fenced(client, _taken_over).describe_auto_scaling_groups()
    assert _Throttling.asked == 3


def test_the_last_fence_counts(client: Any) -> None:
    fenced(client, _never)
    with pytest.raises(LeaseHeld):
        fenced(client, _taken_over).delete_auto_scaling_group(AutoScalingGroupName="g")
