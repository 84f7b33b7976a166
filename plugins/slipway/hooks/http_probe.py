"""Asks a machine for its health, past the balancer."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

# Seconds for one answer. A machine that takes longer would be slow for visitors as well.
TIMEOUT = 3.0
_SIDE_BY_SIDE = 16
# Plain HTTP needs none; httpx would read every certificate authority for each machine it asks.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one machine said.

    :param healthy: a 2xx status came in time.
    :param said: the status, or what went wrong, for people.
    """

    address: str
    healthy: bool
    said: str


def probe(addresses: list[str], *, port: int, path: str) -> list[Answer]:
    """Ask machines side by side.

    :param addresses: their IP addresses.
    :param port: where the service listens.
    :param path: what is asked for.
    """
    if not addresses:
        return []
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda address: _ask(address, port, path), addresses))


def _ask(address: str, port: int, path: str) -> Answer:
    try:
        # No proxy of the worker's environment stands between it and its own network.
        answer = httpx.get(
            f"http://{address}:{port}{path}", timeout=TIMEOUT, trust_env=False, verify=_NO_TLS
        )
    except httpx.HTTPError as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Answer(address=address, healthy=False, said=said)
    return Answer(address=address, healthy=answer.is_success, said=f"HTTP {answer.status_code}")
