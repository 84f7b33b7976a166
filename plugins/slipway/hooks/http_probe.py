"""Asks machines for their health, past the balancer, and pages wherever they are."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx

# Seconds for one answer. A machine that takes longer would be slow for visitors as well.
TIMEOUT = 3.0
_SIDE_BY_SIDE = 16
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
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        ask = partial(_ask, port=port, path=path, status=status, timeout=timeout)
        return list(pool.map(ask, addresses))


def probe_url(url: str, *, status: int) -> Answer:
    """Ask a page.

    :param url: of the page.
    :param status: the right answer.
    """
    # Wherever it is, the way there is the worker's own: with a proxy, if it has one.
    return _answer(url, url, status, TIMEOUT, trust_env=True, verify=True)


def _ask(address: str, *, port: int, path: str, status: int | None, timeout: float) -> Answer:
    # No proxy of the worker's environment stands between it and its own network.
    url = f"http://{address}:{port}{path}"
    return _answer(address, url, status, timeout, trust_env=False, verify=_NO_TLS)


def _answer(
    address: str,
    url: str,
    status: int | None,
    timeout: float,
    *,
    trust_env: bool,
    verify: ssl.SSLContext | bool,
) -> Answer:
    try:
        answer = httpx.get(url, timeout=timeout, trust_env=trust_env, verify=verify)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Answer(address=address, healthy=False, said=said)
    right = answer.is_success if status is None else answer.status_code == status
    return Answer(address=address, healthy=right, said=f"HTTP {answer.status_code}")
