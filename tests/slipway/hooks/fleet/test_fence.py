"""Each try of a change is asked about, directly before it is sent."""

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
from slipway.hooks.fleet import fence as fleet_fence
from slipway.hooks.fleet.fence import Fence, fenced


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
        "autoscaling",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}),
    )
    server.shutdown()
    server.server_close()


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The machine's clock and the wall's, which a test sets."""
    now = [100.0, 1_800_000_000.0]
    monkeypatch.setattr(fleet_fence, "_now", lambda: (now[0], now[1]))
    return now


def _taken_over() -> None:
    msg = "somebody else is changing this environment"
    raise LeaseHeld(msg)


def _never() -> None:
    msg = "this fence was replaced"
    raise AssertionError(msg)


def _delete(client: Any) -> None:
    client.delete_auto_scaling_group(AutoScalingGroupName="g")


def test_the_first_try_is_refused_when_somebody_took_over(client: Any) -> None:
    with pytest.raises(LeaseHeld):
        _delete(fenced(client, _taken_over))
    assert _Throttling.asked == 0


def test_a_second_try_is_refused_when_somebody_took_over(client: Any) -> None:
    def taken_over_meanwhile() -> None:
        if _Throttling.asked:
            _taken_over()

    with pytest.raises(LeaseHeld):
        _delete(fenced(client, taken_over_meanwhile))
    assert _Throttling.asked == 1


def test_each_try_is_asked_about(client: Any) -> None:
    asked: list[int] = []
    guarded = fenced(client, lambda: asked.append(_Throttling.asked))
    with pytest.raises(ClientError, match="Throttling"):
        _delete(guarded)
    assert asked == [0, 1, 2]


def test_an_answer_of_just_now_counts_for_the_first_try_alone(
    client: Any, clocks: list[float]
) -> None:
    asked: list[int] = []
    fence = Fence(lambda: asked.append(_Throttling.asked))
    fence()
    with pytest.raises(ClientError, match="Throttling"):
        _delete(fenced(client, fence))
    assert asked == [0, 1, 2]


@pytest.mark.parametrize("clock", [0, 1], ids=["stopped", "the whole machine stood still"])
def test_a_worker_that_sleeps_between_the_check_and_the_first_send_writes_nothing(
    client: Any, clocks: list[float], clock: int
) -> None:
    turn = [True]

    def ours() -> None:
        if not turn[0]:
            _taken_over()

    fence = Fence(ours)
    guarded = fenced(client, fence)
    fence()
    # Signed and ready, and then: nothing, until somebody else has taken over.
    turn[0] = False
    clocks[clock] += 600.0
    with pytest.raises(LeaseHeld):
        _delete(guarded)
    assert _Throttling.asked == 0


def test_a_sleep_while_the_request_is_signed_is_noticed(client: Any, clocks: list[float]) -> None:
    turn = [True]

    def ours() -> None:
        if not turn[0]:
            _taken_over()

    def sleep(**_: Any) -> None:
        turn[0] = False
        clocks[0] += 600.0

    fence = Fence(ours)
    client.meta.events.register("before-sign", sleep)
    fence()
    with pytest.raises(LeaseHeld):
        _delete(fenced(client, fence))
    assert _Throttling.asked == 0


def test_looking_is_free(client: Any) -> None:
    with pytest.raises(ClientError, match="Throttling"):
        fenced(client, _taken_over).describe_auto_scaling_groups()
    assert _Throttling.asked == 3


def test_the_last_fence_counts(client: Any) -> None:
    fenced(client, _never)
    with pytest.raises(LeaseHeld):
        _delete(fenced(client, _taken_over))
