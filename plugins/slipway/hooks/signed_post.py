"""JSON for a program elsewhere, with a signature over its bytes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import ChannelRefused, ChannelUnavailable
from slipway.hooks.forge.answers import patience

# Seconds for a whole answer, and for a connection; characters that a secret has at least.
_DEADLINE, _CONNECT, _SHORTEST = 10.0, 5.0, 16
SIGNATURE = "X-Slipway-Signature"


def post_signed(connection_id: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post bytes to the address of a connection, once, following no redirect.

    :param connection_id: its host is the URL, its password the secret. The header
        ``X-Slipway-Signature`` is ``sha256=`` and the HMAC of the bytes.
    :param body: JSON.
    :param headers: further ones.
    :raises ChannelRefused: when it is not taken, or the connection is not fit.
    :raises ChannelUnavailable: when it may be taken later.
    """
    url, secret = _target(connection_id)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    every = {
        "Content-Type": "application/json",
        "User-Agent": "Slipway",
        **headers,
        SIGNATURE: f"sha256={digest}",
    }
    host = urlsplit(url).hostname or ""
    try:
        status, seconds = asyncio.run(_answer(url, every, body))
    except httpx.ConnectError as error:
        msg = f"{host} cannot be reached"
        raise ChannelUnavailable(msg) from error
    except (TimeoutError, httpx.HTTPError) as error:
        # Its own words may hold what was sent.
        msg = f"{host} does not answer: {type(error).__name__}"
        raise ChannelUnavailable(msg, maybe_sent=True) from error
    _check(host, status, seconds)


def _target(connection_id: str) -> tuple[str, str]:
    """Read address and secret.

    :raises ChannelRefused: when one is missing, or could be read or guessed by others.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        msg = f"Airflow has no connection {connection_id!r}, which the project file names"
        raise ChannelRefused(msg, advice="add it, or correct the name") from error
    host, secret = connection.host or "", connection.password or ""
    if "://" not in host:
        port = f":{connection.port}" if connection.port else ""
        host = f"{connection.schema or 'https'}://{host}{port}"
    if len(secret) < _SHORTEST:
        msg = f"the connection {connection_id!r} has no secret of {_SHORTEST} characters or more"
        raise ChannelRefused(msg, advice="put the output of `openssl rand -hex 32` in its password")
    mask_secret(secret)
    parts = urlsplit(host)
    here = parts.scheme == "http" and _is_here(parts.hostname or "")
    if not parts.hostname or "@" in parts.netloc or not (parts.scheme == "https" or here):
        msg = f"the host of the connection {connection_id!r} is no https:// address"
        raise ChannelRefused(msg, advice="write the whole URL there: https://example.com/news")
    return host, secret


def _is_here(host: str) -> bool:
    """Tell whether what is sent to a host leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _answer(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float]:
    """Post within a limit of time that holds for all of it; the answer's body is not read."""
    limits = httpx.Timeout(_DEADLINE, connect=_CONNECT)
    async with (
        asyncio.timeout(_DEADLINE),
        httpx.AsyncClient(verify=ssl.create_default_context(), timeout=limits) as client,
        client.stream("POST", url, headers=dict(headers), content=body) as response,
    ):
        names = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, patience(names)


def _check(host: str, status: int, seconds: float) -> None:
    if 200 <= status < 300:
        return
    msg = f"{host} answers {status}"
    if status in (408, 425, 429) or status >= 500:
        # A program that fails may have done its work before that.
        raise ChannelUnavailable(msg, retry_after=seconds, maybe_sent=status >= 500)
    if 300 <= status < 400:
        raise ChannelRefused(msg, advice="put the address that it leads to into the connection")
    raise ChannelRefused(msg, advice="look at the connection's address and secret, on both sides")
