"""The REST API of a git host, as much of it as webhooks need.

A token goes to one server over https, and follows no redirect. What a server says is read within
limits, and shown as nothing but text.
"""

from __future__ import annotations

import functools
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from slipway.exceptions import CloudUnavailable, RepositoryRefused
from slipway.model.text.inert import visible

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_MOST_ANSWER, _MOST_SAID = 4 << 20, 300


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class HostApi:
    """Asks one host.

    :param server: where its API begins, without a slash at its end.
    :param authorization: the header that tells who asks.
    :param connection: id of the Airflow connection that this is from, for messages.
    :param scopes: what its token must be allowed, in the host's words.
    :param hidden: what no message may hold.
    """

    server: str
    authorization: str
    connection: str
    scopes: str = ""
    hidden: tuple[str, ...] = field(default=())

    def send(self, method: str, path: str, body: object = None, *, fine: int = 0) -> Any:
        """Ask for something, once.

        :param method: of HTTP.
        :param path: behind the server, with its slash.
        :param body: what is sent as JSON.
        :param fine: one more status of HTTP that is as good as an empty answer.
        :returns: what the answer says; None where it says nothing.
        :raises RepositoryRefused: when the host does not take it.
        :raises CloudUnavailable: when it does not answer.
        """
        status, data = self._ask(method, path, body)
        if status == fine:
            return None
        if not 200 <= status < 300:
            self._refuse(status, data)
        if not data.strip():
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            msg = f"{self.server} answers with something that is no JSON"
            raise RepositoryRefused(
                msg, advice="is that the host's API? see --forge-url"
            ) from error

    def _ask(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        headers = {
            "Accept": "application/json",
            "Authorization": self.authorization,
            "User-Agent": "Slipway",
        }
        data = bytearray()
        try:
            with (
                httpx.Client(verify=_trust(), timeout=_TIMEOUT, follow_redirects=False) as client,
                client.stream(
                    method, f"{self.server}{path}", headers=headers, json=body
                ) as response,
            ):
                for piece in response.iter_bytes(1 << 16):
                    data += piece
                    if len(data) > _MOST_ANSWER:
                        msg = f"{self.server} answers with more than {_MOST_ANSWER} bytes"
                        raise RepositoryRefused(msg)
                return response.status_code, bytes(data)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its own words may hold what was sent.
            msg = f"{self.server} does not answer: {type(error).__name__}"
            raise CloudUnavailable(msg, advice="try again when it does") from error

    def _refuse(self, status: int, data: bytes) -> None:
        """Say what a bad answer means.

        :raises RepositoryRefused: when the host does not take it.
        :raises CloudUnavailable: when it may take it later.
        """
        if status == 429 or status >= 500:
            msg = f"{self.server} answers {status}"
            raise CloudUnavailable(msg, advice="try again in a while")
        said = visible(_message(data), _MOST_SAID)
        for hidden in self.hidden:
            said = said.replace(hidden, "***") if hidden else said
        msg = f"{self.server} answers {status}{f': {said}' if said else ''}"
        named = f"the connection {self.connection!r}"
        advice = {
            401: f"the token in {named} is wrong or has expired: put a new one there",
            403: f"the token in {named} needs {self.scopes}",
            404: f"there is no such repository, or the token in {named} may not see its webhooks; "
            f"it needs {self.scopes}",
        }.get(status, "see what the host says")
        raise RepositoryRefused(msg, advice=advice)


@functools.cache
def _trust() -> ssl.SSLContext:
    """Believe whom this machine believes; reading them takes longer than a request."""
    return ssl.create_default_context()


def _message(data: bytes) -> str:
    """Find the sentence in an answer; each host has a place of its own for it."""
    try:
        said: Any = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    for _ in range(3):
        if isinstance(said, list) and said:
            said = said[0]
        if isinstance(said, Mapping):
            names = ("message", "error", "errors", "detail")
            said = next((said[name] for name in names if said.get(name)), "")
    return " ".join(said.split()) if isinstance(said, str) else ""
