"""What servers of Git LFS are asked, what they answer, and what is shown to them."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel

from slipway.hooks.git.store import ANSWER
from slipway.hooks.git_lfs.inner_addresses import Depth, depth_of_host
from slipway.model.text.inert import visible

# It would write addresses into the log, of which some are keys for an hour.
logging.getLogger("httpx").setLevel(logging.WARNING)

# Bytes of an answer about objects.
_MOST_ANSWER = 8 << 20
# Headers that stores of objects ask for; any other could open what is none, such as a cloud's
# metadata service.
_STORES = frozenset({"authorization", "accept"})
_STORES_OWN = ("x-amz-", "x-ms-", "x-goog-")


class NotThere(Exception):
    """A file cannot be had; says why."""


class Action(BaseModel):
    """Where something is, and what is to be shown there."""

    href: str
    header: dict[str, str] | None = None


class Refusal(BaseModel):
    """Why an object cannot be had."""

    code: int = 0
    message: str = ""


class Answered(BaseModel):
    """What a server says of one object."""

    oid: str
    actions: dict[str, Action] | None = None
    error: Refusal | None = None


class Answer(BaseModel):
    """What a server says of the objects that it was asked for."""

    transfer: str | None = None
    objects: list[Answered]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Endpoint:
    """Where objects are asked for.

    :param url: without a slash at its end.
    :param headers: what is shown there: the repository's own credentials.
    :param host: of whoever said so, where that is another server.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = ""

    def is_above(self, url: str) -> bool:
        """Tell whether an address lies below this one, so that it may be shown the same."""
        return url.startswith(f"{self.url}/") and ".." not in urlsplit(url).path.split("/")


def open_client() -> httpx.AsyncClient:
    """Return a client that believes whom git believes, and follows nothing by itself."""
    trust = ssl.create_default_context(
        cafile=os.environ.get("GIT_SSL_CAINFO"), capath=os.environ.get("GIT_SSL_CAPATH")
    )
    headers = {"Accept-Encoding": "identity", "User-Agent": "Slipway"}
    limits = httpx.Timeout(ANSWER, read=60.0)
    return httpx.AsyncClient(verify=trust, timeout=limits, headers=headers)


@contextlib.asynccontextmanager
async def answered(
    client: httpx.AsyncClient, request: httpx.Request, *, redirects: bool = False
) -> AsyncIterator[httpx.Response]:
    """Send a request, and give the answer before its content is read.

    :param client: that sends it.
    :param request: with its headers.
    :param redirects: take an answer that leads elsewhere as well; whoever asks looks where to.
    :raises NotThere: when the server says no.
    :raises httpx.TransportError: when it does not answer, or is in trouble.
    """
    response = await client.send(request, stream=True)
    try:
        if response.status_code >= 500 or response.status_code == 429:
            msg = f"the server answers {response.status_code}"
            raise httpx.ReadError(msg)
        if response.status_code != 200 and not (redirects and response.has_redirect_location):
            msg = f"the server answers {response.status_code}"
            raise NotThere(msg)
        yield response
    finally:
        await response.aclose()


async def whole(response: httpx.Response) -> bytes:
    """Read an answer about objects.

    :raises NotThere: when it is endless.
    """
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > _MOST_ANSWER:
            msg = f"the server's answer is longer than {_MOST_ANSWER >> 20} MiB"
            raise NotThere(msg)
    return bytes(data)


def action_of(found: Answered | None) -> Action:
    """Return where an object is.

    :param found: what the server says of it, if anything.
    :raises NotThere: when it is not to be had.
    """
    if found is not None and found.error is not None:
        msg = f"the server says {found.error.code}, {visible(found.error.message)}"
        raise NotThere(msg)
    action = (found.actions or {}).get("download") if found is not None else None
    if action is None:
        msg = "the server says nothing of it"
        raise NotThere(msg)
    return action


def given(action: Action) -> dict[str, str]:
    """Return the headers that a server wants to be shown, within its rights."""
    wanted = (action.header or {}).items()
    return {
        name: value
        for name, value in wanted
        if name.lower() in _STORES or name.lower().startswith(_STORES_OWN)
    }


def check_way(url: str, endpoint: Endpoint) -> None:
    """Keep to https; from a server that is asked over http, http will do, at that server.

    :raises NotThere: when an address is neither.
    """
    if urlsplit(url).scheme != "https" and not _is_same_place(url, endpoint):
        msg = "the server sends us to an address that is not encrypted"
        raise NotThere(msg)


async def check_depth(url: str, endpoint: Endpoint) -> None:
    """Let a server lead no further into a network than it lies itself.

    :raises NotThere: when it does.
    """
    if _is_same_place(url, endpoint):
        return
    depth = await depth_of_host(httpx.URL(url).host)
    if depth is Depth.PUBLIC:
        return
    if depth > await depth_of_host(endpoint.host or httpx.URL(endpoint.url).host):
        msg = "the server sends us to an address within a network that it is not in itself"
        raise NotThere(msg)


def _is_same_place(url: str, endpoint: Endpoint) -> bool:
    asked, own = urlsplit(url), urlsplit(endpoint.url)
    return (asked.scheme, asked.netloc) == (own.scheme, own.netloc)
