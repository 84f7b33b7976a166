"""Asks machines for their health, past the balancer, and pages wherever they are.

Whoever answers is not trusted: of an answer the status line and the headers are read, for a limited
time in all, however it trickles in, and the connection is closed. The body stays where it is.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import httpx

# Seconds for one answer. A machine that takes longer would be slow for visitors as well.
TIMEOUT = 3.0
_SIDE_BY_SIDE = 16
# Characters.
_SAID = 300
# h11's word for a head beyond the limit that httpcore gives it.
_TOO_LONG = "Receive buffer too long"
_ONLY_THE_HEAD = {"Connection": "close", "Accept-Encoding": "identity"}
# Plain HTTP needs none; httpx would read every certificate authority for each machine it asks.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one machine, or one page, said.

    :param address: the machine's, or the page's URL.
    :param healthy: the expected status came in time.
    :param said: the status, or what went wrong, for people.
    """

    address: str
    healthy: bool
    said: str


def probe(
    addresses: list[str],
    *,
    port: int,
    path: str,
    status: int | None = None,
    timeout: float = TIMEOUT,
) -> list[Answer]:
    """Ask machines side by side.

    :param addresses: their IP addresses.
    :param port: where the service listens.
    :param path: what is asked for.
    :param status: the right answer; any 2xx without it.
    :param timeout: seconds for one answer.
    """
    if not addresses:
        return []
    seats = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def ask(address: str) -> Answer:
        async with seats:
            url = f"http://{address}:{port}{path}"
            # No proxy of the worker's environment stands between it and its own network.
            question = _Question(url=url, status=status, timeout=timeout, trust_env=False)
            return await _answer(address, question, verify=_NO_TLS)

    async def ask_all() -> list[Answer]:
        return await asyncio.gather(*map(ask, addresses))

    return asyncio.run(ask_all())


def probe_url(url: str, *, status: int) -> Answer:
    """Ask a page.

    :param url: of the page.
    :param status: the right answer.
    """
    # Wherever it is, the way there is the worker's own: with a proxy, if it has one.
    question = _Question(url=url, status=status, timeout=TIMEOUT, trust_env=True)
    return asyncio.run(_answer(url, question, verify=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    url: str
    status: int | None
    timeout: float
    trust_env: bool


async def _answer(address: str, question: _Question, *, verify: ssl.SSLContext | bool) -> Answer:
    try:
        status = await _status(question, verify)
    except (TimeoutError, httpx.TimeoutException):
        said = f"Timeout: no whole answer's head within {question.timeout:g} s"
        return Answer(address=address, healthy=False, said=said)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(address=address, healthy=False, said=_told(error))
    right = 200 <= status < 300 if question.status is None else status == question.status
    return Answer(address=address, healthy=right, said=f"HTTP {status}")


async def _status(question: _Question, verify: ssl.SSLContext | bool) -> int:
    """Return an answer's status, and leave the rest unread."""
    # httpx's own limit, which comes with it, counts anew with each byte.
    async with (
        asyncio.timeout(question.timeout),
        httpx.AsyncClient(
            timeout=question.timeout, trust_env=question.trust_env, verify=verify
        ) as client,
        client.stream("GET", question.url, headers=_ONLY_THE_HEAD) as answer,
    ):
        return answer.status_code


def _told(error: Exception) -> str:
    """Say what went wrong; an error may quote what the machine sent."""
    name, words = type(error).__name__, str(error)
    if words == _TOO_LONG:
        return f"{name}: the answer's head is longer than 100 KiB"
    return f"{name}: {words}"[:_SAID] if words else name
