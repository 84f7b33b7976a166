"""The calls of Airflow's REST API, in a person's name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from include.cli.server.address import HOW, Address
from include.cli.server.errors import LoginMissing, RequestRefused, ServerAway
from slipway.model.text.inert import visible

# Seconds: for one answer, and between two questions to a server that is away.
_TIMEOUT, _PAUSE, _LONGEST_PAUSE = 30.0, 0.5, 8.0
# The server is there, and cannot answer now.
_BUSY = (429, 502, 503, 504)
# How many items Airflow lists at once, by default.
PAGE = 100
_LONGEST = 500
Json = dict[str, Any]
Query = Mapping[str, str | int | bool | list[str]]


def connect(address: Address, *, patience: float = 20.0) -> AirflowServer:
    """Return a server that knows who asks.

    :param address: where it is, and the login.
    :param patience: seconds for which a server that is away is asked again.
    :raises LoginMissing: when it does not take the login.
    :raises ServerAway: when it does not answer.
    """
    # Redirects are not followed: the token is for this server alone.
    http = httpx.Client(base_url=address.url, timeout=_TIMEOUT, trust_env=not address.is_here)
    return AirflowServer(http=http, address=address, patience=patience)


def part(text: str) -> str:
    """Return one part of a path, whatever somebody named it."""
    return quote(text, safe="")


class AirflowServer:
    """Airflow's server, asked in a person's name.

    Questions are asked again while it is away; what changes something is sent once.

    :param http: a client for the server's address.
    :param address: where it is, and the login.
    :param patience: seconds for which a server that is away is asked again.
    :param sleep: waits for seconds.
    :param say: is told once that the server is away.
    """

    def __init__(
        self,
        *,
        http: httpx.Client,
        address: Address,
        patience: float = 20.0,
        sleep: Callable[[float], None] = time.sleep,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.url = address.url
        self.patience = patience
        self.say = say
        self._http, self._address, self._sleep = http, address, sleep
        self._token = address.token

    def get(self, path: str, query: Query | None = None) -> Json:
        """Ask something.

        :param path: behind ``/api/v2``.
        :param query: what stands behind the question mark.
        :raises RequestRefused: when it is not there, or not for this person.
        :raises LoginMissing: when the server does not know this person.
        :raises ServerAway: when it has been away for too long.
        """
        return self._patiently(lambda: self._send("GET", path, query=query))

    def send(self, method: str, path: str, body: Json) -> Json:
        """Have something done, once.

        :param method: ``POST`` or ``PATCH``.
        :param path: behind ``/api/v2``.
        :param body: what is sent.
        :raises RequestRefused: when the server does not do it.
        :raises LoginMissing: when the server does not know this person.
        :raises ServerAway: when it does not answer; it may have done it.
        """
        return self._send(method, path, body=body)

    def lines(self, path: str, query: Query | None = None) -> Iterator[str]:
        """Yield the lines of a long answer as they come.

        :param path: behind ``/api/v2``.
        :param query: what stands behind the question mark.
        :raises RequestRefused: when it is not there, or not for this person.
        :raises ServerAway: when it does not answer, or stops in the middle.
        """
        self._patiently(self._log_in)
        headers = {**self._headers(), "Accept": "application/x-ndjson"}
        try:
            with self._http.stream(
                "GET", _whole(path), params=_params(query), headers=headers
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    raise self._refusal(answer, path)
                yield from answer.iter_lines()
        except httpx.HTTPError as error:
            raise self._away(error) from error

    def listed(self, path: str, key: str, query: Query | None = None) -> Iterator[Json]:
        """Yield the items of a list, however long.

        :param path: behind ``/api/v2``.
        :param key: of the items in the answer.
        :param query: what stands behind the question mark.
        """
        offset = 0
        while True:
            found = self.get(path, {**(query or {}), "limit": PAGE, "offset": offset})
            items = list(found.get(key) or ())
            yield from items
            offset += len(items)
            if not items or offset >= int(found.get("total_entries") or 0):
                return

    def page(self, *parts: str) -> str:
        """Return a page of Airflow's UI."""
        return "/".join([self.url, *map(part, parts)])

    def _patiently(self, ask: Callable[[], Json]) -> Json:
        waited, pause, told = 0.0, _PAUSE, False
        while True:
            try:
                return ask()
            except ServerAway as error:
                if waited >= self.patience:
                    raise
                if not told and waited > 2 * _PAUSE:
                    told = True
                    self.say(f"{error.message}; asking again")
            self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)

    def _send(
        self, method: str, path: str, *, query: Query | None = None, body: Json | None = None
    ) -> Json:
        self._log_in()
        answer = self._ask(method, path, query, body)
        if answer.status_code == HTTPStatus.UNAUTHORIZED and self._address.password:
            self._token = ""  # it was good for some hours
            self._log_in()
            answer = self._ask(method, path, query, body)
        return self._read(answer, path)

    def _ask(
        self, method: str, path: str, query: Query | None, body: Json | None
    ) -> httpx.Response:
        try:
            return self._http.request(
                method,
                _whole(path),
                params=_params(query),
                json=body,
                headers={**self._headers(), "Accept": "application/json"},
            )
        except httpx.HTTPError as error:
            raise self._away(error) from error

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _log_in(self) -> Json:
        if self._token:
            return {}
        login = {"username": self._address.user, "password": self._address.password}
        try:
            answer = self._http.post("/auth/token", json=login)
        except httpx.HTTPError as error:
            raise self._away(error) from error
        if answer.status_code in _BUSY:
            raise self._away(None, answer.status_code)
        if not answer.is_success:
            msg = f"{self.url} does not take the login of {self._address.user}"
            raise LoginMissing(msg, advice=HOW)
        self._token = str(self._json(answer).get("access_token", ""))
        return {}

    def _read(self, answer: httpx.Response, path: str) -> Json:
        if answer.is_success:
            return self._json(answer)
        raise self._refusal(answer, path)

    def _json(self, answer: httpx.Response) -> Json:
        try:
            found = answer.json() if answer.content else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            msg = f"{self.url} does not answer as Airflow does"
            raise RequestRefused(msg, advice="is it Airflow's own address, with its path?")
        return found

    def _refusal(self, answer: httpx.Response, path: str) -> Exception:
        status = answer.status_code
        if status in _BUSY:
            return self._away(None, status)
        if status == HTTPStatus.UNAUTHORIZED:
            msg = f"{self.url} does not know whose token this is, or it has expired"
            return LoginMissing(msg, advice=f"get a new one: {HOW}")
        if answer.is_redirect:
            msg = f"{self.url} leads elsewhere, and the token is not sent there"
            return RequestRefused(msg, advice="set SLIPWAY_SERVER to the address it leads to")
        said = _detail(answer)
        if status == HTTPStatus.FORBIDDEN:
            msg = f"you may not do this: {said}"
            advice = "ask whoever gives rights in Airflow"
            return RequestRefused(msg, advice=advice, status=status)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            msg = f"{self.url} could not answer {visible(path)}: {said}"
            return RequestRefused(msg, advice="the log of Airflow's server says why", status=status)
        return RequestRefused(said, status=status)

    def _away(self, error: Exception | None, status: int = 0) -> ServerAway:
        why = f"it answers {status}" if status else visible(str(error) or type(error).__name__)
        msg = f"{self.url} does not answer ({why})"
        return ServerAway(msg, advice="is it running, and can it be reached from here?")


def _whole(path: str) -> str:
    """Return a path of Airflow's API, or one of Slipway's own pages."""
    return path if path.startswith("/slipway/") else f"/api/v2{path}"


def _params(query: Query | None) -> dict[str, Any]:
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in (query or {}).items()
    }


def _detail(answer: httpx.Response) -> str:
    try:
        found: Any = answer.json()
    except ValueError:
        found = None
    found = found.get("detail", found) if isinstance(found, dict) else found
    if isinstance(found, list):
        found = "; ".join(str(one.get("msg", one)) for one in found if isinstance(one, dict))
    if isinstance(found, dict):
        found = found.get("message") or found.get("reason") or str(found)
    return visible(str(found or f"the server answers {answer.status_code}"), _LONGEST)
