"""What all git hosts have in common: a request, its answer, and what a bad one means.

A token goes to one server and follows no redirect. Whoever answers is not trusted: an answer is
read within limits of size and time, and what it says is shown as nothing but text.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from slipway.exceptions import ForgeRefused, ForgeUnavailable
from slipway.hooks.forge.answers import message_of, patience
from slipway.hooks.forge.pull_requests import MOST_BYTES, state_of
from slipway.model.forge.login import ForgeLogin
from slipway.model.forge.place import ForgePlace
from slipway.model.forge.pull_request import PullRequest, PullRequestState
from slipway.model.forge.status import CommitStatus, TestSummary

# It would write addresses into the log with each request.
logging.getLogger("httpx").setLevel(logging.WARNING)

# Seconds for a whole answer, and for a connection; bytes of an answer that are read.
DEADLINE, _CONNECT = 15.0, 5.0
_MOST_ANSWER = 1 << 20
_PROBLEM = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a host said.

    :param status: of HTTP.
    :param headers: by their names in small letters.
    :param body: as much of it as was read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says; None where it says nothing.

        :raises ValueError: when it is no JSON.
        """
        return json.loads(self.body) if self.body.strip() else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Purpose:
    """What a host is asked for, which decides what a refusal means.

    :param scopes: what a token must be allowed for it, in the host's own words.
    :param subject: what else may be absent where the host knows nothing of it.
    :param forbidden: why the host may forbid it to a token with these rights; a sentence, or empty.
    :param otherwise: what can be done where nothing else is known.
    """

    scopes: str
    subject: str = "this commit"
    forbidden: str = ""
    otherwise: str = "nothing was lost: the same is in Airflow"


class Forge(ABC):
    """A repository at its host.

    :param place: the repository.
    :param login: who asks.
    :param purpose: what for; statuses if not given.
    """

    # What a token must be allowed for statuses, in the host's own words; and what else may forbid
    # it to show one.
    scopes = ""
    forbidden = ""

    def __init__(
        self, *, place: ForgePlace, login: ForgeLogin, purpose: Purpose | None = None
    ) -> None:
        self.place = place
        self.login = login
        self.purpose = purpose or Purpose(scopes=self.scopes, forbidden=self.forbidden)

    @abstractmethod
    def set_status(self, status: CommitStatus) -> None:
        """Show a status on its commit, in place of an earlier one of the same key.

        :raises ForgeRefused: when the host does not take it.
        :raises ForgeUnavailable: when it may take it later.
        """

    @abstractmethod
    def open_pull_requests(self) -> list[PullRequest]:
        """List the pull requests that are open, whichever branch they want to go to.

        :raises ForgeRefused: when the host does not show them.
        :raises ForgeUnavailable: when it may show them later.
        """

    @abstractmethod
    def pull_request_path(self, number: int) -> str:
        """Return where the API has a pull request.

        :param number: the pull request's.
        """

    def pull_request_state(self, number: int) -> PullRequestState:
        """Ask what has become of a pull request; as long as nobody can say, it is open.

        :param number: the pull request's.
        :raises ForgeRefused: when the host does not show it.
        :raises ForgeUnavailable: when it may show it later.
        """
        return state_of(self.send("GET", self.pull_request_path(number), fine=404, most=MOST_BYTES))

    def show_tests(self, status: CommitStatus, tests: TestSummary) -> None:  # noqa: B027
        """Show what a commit's tests came to, with those that failed at their lines.

        Not every host has a place for it: then there is nothing to do.

        :param status: that the tests belong to.
        :param tests: what they came to.
        :raises ForgeRefused: when the host does not take it.
        :raises ForgeUnavailable: when it may take it later.
        """

    def headers(self) -> Mapping[str, str]:
        """Return what tells the host who asks."""
        return {"Authorization": f"Bearer {self.login.token}"}

    def repository(self) -> str:
        """Return the repository's path as it stands in URLs."""
        return quote(self.place.path, safe="/~")

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        fine: int = 0,
        most: int = _MOST_ANSWER,
    ) -> Any:
        """Ask the host for something, once.

        :param method: of HTTP.
        :param path: behind the server, with its slash.
        :param body: what is sent as JSON.
        :param fine: one more status of HTTP that is as good as success.
        :param most: bytes of the answer that are read.
        :returns: what the answer says; None where it says nothing.
        :raises ForgeRefused: when the host does not take it.
        :raises ForgeUnavailable: when it does not answer, or asks for patience.
        """
        answer = self._ask(method, path, body, most)
        if answer.status == fine:
            return None
        self._check(answer)
        try:
            return answer.json()
        except (ValueError, RecursionError) as error:
            msg = f"{self.place.server} answers with something that is no JSON"
            advice = "is that the server itself, and not a page for logging in? see `forge_url`"
            raise ForgeRefused(msg, advice=advice) from error

    def _ask(self, method: str, path: str, body: object, most: int) -> Answer:
        headers = {"Accept": "application/json", "User-Agent": "Slipway", **self.headers()}
        url = f"{self.place.server}{path}"
        try:
            return asyncio.run(_answer(method, url, headers, body, most))
        except (TimeoutError, httpx.TimeoutException) as error:
            msg = f"{self.place.server} does not answer within {DEADLINE:g} s"
            raise ForgeUnavailable(msg) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its own words may hold what was sent.
            msg = f"{self.place.server} does not answer: {type(error).__name__}"
            raise ForgeUnavailable(msg) from error

    def _check(self, answer: Answer) -> None:
        """Do nothing after success.

        :raises ForgeRefused: when the host does not take it.
        :raises ForgeUnavailable: when it may take it later.
        """
        if 200 <= answer.status < 300:
            return
        server, seconds = self.place.server, patience(answer.headers)
        if 300 <= answer.status < 400:
            msg = f"{server} sends us to another address, where the token does not go along"
            raise ForgeRefused(msg, advice="put the right address into the project file")
        if answer.status in (408, 425, 429) or answer.status >= 500:
            msg = f"{server} answers {answer.status}"
            raise ForgeUnavailable(msg, retry_after=seconds)
        if answer.status == 403 and seconds:
            msg = f"{server} has had too many requests"
            raise ForgeUnavailable(msg, retry_after=seconds)
        said = self._without_token(message_of(answer.body))
        told = f": {said[:_PROBLEM]}" if said else ""
        msg = f"{server} answers {answer.status} for {self.place.path}{told}"
        raise ForgeRefused(msg, advice=self.advice(answer.status))

    def advice(self, status: int) -> str:
        """Say what can be done after a refusal.

        :param status: of HTTP.
        """
        connection = f"the connection {self.place.connection!r}"
        if status == 401:
            return f"the token in {connection} is wrong or has expired: put a new one there"
        if status == 403:
            forbidden = f". {self.purpose.forbidden}" if self.purpose.forbidden else ""
            return f"the token in {connection} needs {self.purpose.scopes}{forbidden}"
        if status == 404:
            return (
                f"either there is no {self.place.path} with {self.purpose.subject}, or the token "
                f"in {connection} may not see it; it needs {self.purpose.scopes}"
            )
        return self.purpose.otherwise

    def _without_token(self, text: str) -> str:
        return text.replace(self.login.token, "***") if self.login.token else text


async def _answer(
    method: str, url: str, headers: Mapping[str, str], body: object, most: int
) -> Answer:
    """Ask within a limit of time that holds for all of it, however the answer trickles in."""
    limits = httpx.Timeout(DEADLINE, connect=_CONNECT)
    async with (
        asyncio.timeout(DEADLINE),
        httpx.AsyncClient(verify=_trust(), timeout=limits) as client,
        client.stream(method, url, headers=headers, json=body) as response,
    ):
        data = bytearray()
        async for piece in response.aiter_bytes(1 << 16):
            data += piece
            if len(data) > most:
                break
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=bytes(data[:most]),
        )


@functools.cache
def _trust() -> ssl.SSLContext:
    """Believe whom git believes; reading the authorities takes longer than a request."""
    return ssl.create_default_context(
        cafile=os.environ.get("GIT_SSL_CAINFO"), capath=os.environ.get("GIT_SSL_CAPATH")
    )
