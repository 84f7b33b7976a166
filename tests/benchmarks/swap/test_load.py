from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.swap import load
from benchmarks.swap.load import Load, what
from benchmarks.swap.tally import Tally

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1.0"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n1.0"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n1.0"
# Says what the nth request of a connection is answered with; None hangs up.
Script = Callable[[int], bytes | None]


def _measure(script: Script, *, requests: int = 40, then_close: bool = False) -> Tally:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        while head := await _head(reader):
            answer = script(number)
            number += 1
            writer.write(answer or b"")
            if answer in (None, HALF, LAST) or b"close" in head or then_close:
                break
        writer.close()

    async def run() -> Tally:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address: Any = server.sockets[0].getsockname()
        load = Load(address[1], rate=200)
        stopper = asyncio.create_task(_stop_after(load, requests))
        await load.run()
        await stopper
        server.close()
        return load.tally

    return asyncio.run(run())


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def _stop_after(load: Load, requests: int) -> None:
    while load.tally.sent.total() < requests:
        await asyncio.sleep(0.005)
    load.stop()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_SLOW", (0.01,))


def test_good_answers_of_every_kind() -> None:
    tally = _measure(lambda _: GOOD)
    assert not tally.failed
    assert tally.open == 0
    assert tally.versions == {"1.0": tally.sent.total()}
    assert set(tally.sent) == {"kept", "new", "slow"}
    assert tally.sent_again == 0


@pytest.mark.parametrize("bad", [BUSY, HALF])
def test_a_bad_or_broken_answer_is_a_failure_and_never_asked_again(bad: bytes) -> None:
    tally = _measure(lambda _: bad)
    assert tally.failed.total() == tally.sent.total()
    assert tally.sent_again == 0


def test_silence_on_a_fresh_connection_is_a_failure() -> None:
    tally = _measure(lambda _: None)
    assert tally.failed.total() == tally.sent.total()
    assert "SilentHangUp" in tally.first_failures[0]


def test_silence_on_a_kept_connection_is_asked_again_and_told() -> None:
    tally = _measure(lambda number: None if number else GOOD)
    assert not tally.failed
    assert tally.sent_again > 0


def test_a_broken_answer_on_a_kept_connection_is_not_asked_again() -> None:
    tally = _measure(lambda number: HALF if number else GOOD)
    assert tally.failed.total() > 0
    assert tally.sent_again == 0


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    tally = _measure(lambda _: GOOD, then_close=True)
    assert not tally.failed
    assert tally.closed_idle > 0


def test_a_connection_whose_end_was_announced_is_not_kept() -> None:
    tally = _measure(lambda _: LAST)
    assert not tally.failed
    assert tally.closed_idle == tally.sent_again == 0


def test_nobody_there_is_a_failure() -> None:
    async def run() -> Tally:
        load = Load(1, rate=200)
        stopper = asyncio.create_task(_stop_after(load, 5))
        await load.run()
        await stopper
        return load.tally

    tally = asyncio.run(run())
    assert tally.failed.total() == tally.sent.total() >= 5


def test_the_kinds_are_mixed_and_slow_ones_ride_on_both_sorts_of_connection() -> None:
    mix = [what(number) for number in range(2_000)]
    kinds = Counter(kind for kind, _, _ in mix)
    assert kinds == {"kept": 1_200, "new": 700, "slow": 100}
    assert {keep for kind, keep, _ in mix if kind == "slow"} == {True, False}
