"""Asks machines for their health, past the balancer, and pages wherever they are.

Machines are asked as balancers ask them: by HTTP, by HTTPS with whatever certificate they have, or
for a connection alone.

Whoever answers is not trusted: of an answer the status line and the headers are read, for a limited
time in all, however it trickles in, and the connection is closed. The body stays where it is.

The module as a whole is what swaps are handed as their :class:`slipway.fleet.prober.Prober`.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import httpx

from slipway.model.cloud.answer import SIDE_BY_SIDE, TIMEOUT, Answer
from slipway.model.cloud.health_check import ANY_SUCCESS, Scheme, is_right

# Characters.
_SAID = 300
# h11's word for a head beyond the limit that httpcore gives it.
_TOO_LONG = "Receive buffer too long"
_ONLY_THE_HEAD = {"Connection": "close", "Accept-Encoding": "identity"}


def _anybodys() -> ssl.SSLContext:
    """Take any certificate and what old services still speak, as balancers do with targets.

    No certificate authority is read, which httpx would do for each machine that it asks.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    return context


_ANYBODYS = _anybodys()


def probe(
    addresses: list[str],
    *,
    port: int,
    path: str,
    scheme: Scheme = Scheme.HTTP,
    status: str = ANY_SUCCESS,
    timeout: float = TIMEOUT,
) -> list[Answer]:
    """Ask machines side by side.

    :param addresses: their IP addresses.
    :param port: where the service listens.
    :param path: what is asked for.
    :param scheme: how; certificates are not looked at, as balancers do not.
    :param status: the right answers, as ``200-399,401``.
    :param timeout: seconds for one answer.
    """
    if not addresses:
        return []
    seats = asyncio.Semaphore(SIDE_BY_SIDE)

    async def ask(address: str) -> Answer:
        async with seats:
            if not scheme.asks_for_a_path:
                return await _connects(address, port, scheme, timeout)
            url = f"{scheme.value}://{address}:{port}{path}"
            # No proxy of the worker's environment stands between it and its own network.
            question = _Question(url=url, status=status, timeout=timeout, trust_env=False)
            return await _answer(address, question, verify=_ANYBODYS)

    async def ask_all() -> list[Answer]:
        return await asyncio.gather(*map(ask, addresses))

    return asyncio.run(ask_all())


def probe_url(url: str, *, status: int) -> Answer:
    """Ask a page.

    :param url: of the page.
    :param status: the right answer.
    """
    # Wherever it is, the way there is the worker's own: with a proxy, if it has one.
    question = _Question(url=url, status=str(status), timeout=TIMEOUT, trust_env=True)
    return asyncio.run(_answer(url, question, verify=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    url: str
    status: str
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
    right = is_right(status, question.status)
    return Answer(address=address, healthy=right, said=f"HTTP {status}", status=status)


async def _connects(address: str, port: int, scheme: Scheme, timeout: float) -> Answer:
    """Open a connection, and for TLS shake hands; then it is closed."""
    secret = _ANYBODYS if scheme is Scheme.TLS else None
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address, port, ssl=secret)
    except TimeoutError:
        said = f"Timeout: no connection within {timeout:g} s"
        return Answer(address=address, healthy=False, said=said)
    except OSError as error:
        return Answer(address=address, healthy=False, said=_told(error))
    writer.transport.abort()
    return Answer(address=address, healthy=True, said=f"{scheme.value} connection")


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
