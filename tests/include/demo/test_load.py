from __future__ import annotations

import asyncio
from typing import Any

from include.demo.load import Load

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"version":"1"}'
REFUSAL = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _measure(*answers: bytes | None, seconds: float) -> Load:
    """Load a server that gives the answers in turn; None hangs up."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await reader.readuntil(b"\r\n\r\n")
        answer = answers[seen % len(answers)]
        seen += 1
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        writer.close()

    async def run() -> Load:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address: Any = server.sockets[0].getsockname()
        load = Load(f"http://127.0.0.1:{address[1]}", rate=100)
        asyncio.get_running_loop().call_later(seconds, load.stop)
        await load.run()
        server.close()
        return load

    return asyncio.run(run())


def test_good_answers_are_counted_by_version() -> None:
    load = _measure(ANSWER, seconds=0.5)
    assert load.sent >= 20
    assert not load.failures
    assert set(load.versions) == {"1"}


def test_every_bad_answer_is_a_failure() -> None:
    load = _measure(REFUSAL, None, seconds=0.5)
    assert sum(load.failures.values()) == load.sent
    assert load.failures["HTTP 503"] > 0
    assert len(load.failures) > 1
