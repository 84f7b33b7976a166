"""How much is read of whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress

import pytest

from slipway.webhooks import limits
from slipway.webhooks.limits import (
    AT_ONCE,
    AT_ONCE_EACH,
    BURST,
    LARGEST,
    RATE,
    Gate,
    TooLarge,
    TooMany,
    TooSlow,
    read_body,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _pass(gate: Gate, address: str, times: int = 1) -> None:
    for _ in range(times):
        with gate.enter(address):
            pass


def test_a_burst_is_let_in_and_then_so_many_a_second() -> None:
    clock = Clock()
    gate = Gate(clock)
    _pass(gate, "a", BURST)
    with pytest.raises(TooMany):
        _pass(gate, "a")
    clock.now += 1
    _pass(gate, "a", int(RATE))
    with pytest.raises(TooMany):
        _pass(gate, "a")
    _pass(gate, "b", BURST)


def test_who_goes_on_while_shut_out_is_let_in_as_soon_as_others() -> None:
    clock = Clock()
    gate = Gate(clock)
    _pass(gate, "a", BURST)
    let_in = 0
    for _ in range(100):
        clock.now += 0.01 + 1e-9
        with suppress(TooMany):
            _pass(gate, "a")
            let_in += 1
    assert let_in == RATE


def test_a_network_of_ipv6_is_one_sender() -> None:
    gate = Gate(Clock())
    for number in range(BURST):
        _pass(gate, f"2001:db8:1:2::{number:x}")
    with pytest.raises(TooMany):
        _pass(gate, "2001:db8:1:2:ffff::1")
    _pass(gate, "2001:db8:1:3::1")


def test_few_are_read_at_once_and_fewer_of_one_address() -> None:
    gate = Gate(Clock())
    with ExitStack() as reading:
        for _ in range(AT_ONCE_EACH):
            reading.enter_context(gate.enter("a"))
        with pytest.raises(TooMany):
            _pass(gate, "a")
        for number in range(AT_ONCE - AT_ONCE_EACH):
            reading.enter_context(gate.enter(f"b{number}"))
        with pytest.raises(TooMany):
            _pass(gate, "c")
    _pass(gate, "a")
    assert not gate._reading


def test_addresses_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_ADDRESSES", 10)
    gate = Gate(Clock())
    for number in range(1000):
        _pass(gate, f"198.51.100.{number}")
    assert len(gate._left) == 10


async def _pieces(*pieces: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(pause)
        yield piece


def test_a_body_is_put_together() -> None:
    assert asyncio.run(read_body("6", _pieces(b"abc", b"", b"def"))) == b"abcdef"
    assert asyncio.run(read_body(None, _pieces())) == b""


def test_reading_ends_with_the_piece_that_is_too_much() -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        while True:
            seen += 1
            yield b"x" * (LARGEST // 2)

    with pytest.raises(TooLarge):
        asyncio.run(read_body(None, endless()))
    assert seen == 3


def test_who_sends_a_byte_at_a_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0.05)
    with pytest.raises(TooSlow):
        asyncio.run(read_body(None, _pieces(*[b"x"] * 100, pause=0.02)))
