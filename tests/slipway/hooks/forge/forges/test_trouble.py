"""A host that is busy, slow, away or no host at all."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from slipway.exceptions import ForgeRefused, ForgeUnavailable
from slipway.hooks.forge import base
from slipway.model.forge.place import ForgeKind
from tests.forges.stand_in import Reply, StandIn
from tests.slipway.hooks.forge.forges import hosts
from tests.slipway.hooks.forge.forges.hosts import tell

connection, host = hosts.connection, hosts.host
# Seconds, from when the tests are collected, which may be long before one of them runs.
_LONG = 86400.0


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "120"}, 120, 120),
        ({"Retry-After": formatdate(time.time() + _LONG, usegmt=True)}, 3600, 3600),
        ({"Retry-After": formatdate(time.time() - 60, usegmt=True)}, 1, 1),
        ({"Retry-After": "999999999"}, 3600, 3600),
        ({"Retry-After": "soon"}, 1, 1),
        ({"Retry-After": "-5"}, 1, 1),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time() + _LONG))},
            3600,
            3600,
        ),
        ({}, 0, 0),
    ],
)
def test_a_host_says_for_how_long_it_wants_to_be_left_alone(
    host: StandIn, headers: dict[str, str], least: float, most: float
) -> None:
    host.script = [Reply(status=429, headers=headers)]
    with pytest.raises(ForgeUnavailable) as caught:
        tell(host, ForgeKind.BITBUCKET)
    assert least <= caught.value.retry_after <= most


def test_githubs_second_limit_is_no_refusal(host: StandIn) -> None:
    host.script = [Reply(status=403, headers={"Retry-After": "60"})]
    with pytest.raises(ForgeUnavailable, match="too many requests"):
        tell(host, ForgeKind.GITHUB)


@pytest.mark.parametrize("code", [500, 502, 503, 504, 408])
def test_a_host_in_trouble_may_be_well_later(host: StandIn, code: int) -> None:
    host.script = [Reply(status=code, body=b"<html>")]
    with pytest.raises(ForgeUnavailable, match=f"answers {code}"):
        tell(host, ForgeKind.BITBUCKET)


@pytest.mark.parametrize(
    "reply", [Reply(wait=20.0), Reply(body=b'{"a": "' + b"x" * 200 + b'"}', trickle=0.1)]
)
def test_a_slow_host_is_not_waited_for(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(base, "DEADLINE", 0.5)
    host.script = [reply]
    began = time.monotonic()
    with pytest.raises(ForgeUnavailable, match=r"does not answer within 0\.5 s"):
        tell(host, ForgeKind.BITBUCKET)
    assert time.monotonic() - began < 10


def test_nobody_listens(host: StandIn) -> None:
    host.url = "http://127.0.0.1:1"
    with pytest.raises(ForgeUnavailable, match="does not answer: ConnectError"):
        tell(host, ForgeKind.BITBUCKET)


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[" * 100_000, b"\xff\xfe"])
def test_a_page_for_logging_in_is_no_success(host: StandIn, body: bytes) -> None:
    host.script = [Reply(status=200, body=body)]
    with pytest.raises(ForgeRefused, match="no JSON"):
        tell(host, ForgeKind.BITBUCKET)
