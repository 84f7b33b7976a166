"""What a server may do to those who ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from include.cli.server.address import Address
from include.cli.server.client import AirflowServer
from include.cli.server.errors import LoginMissing, RequestRefused, ServerAway

URL = "https://airflow.example.com"
Answer = Callable[[httpx.Request], httpx.Response]


def server(answer: Answer, login: Address | None = None, patience: float = 3) -> AirflowServer:
    http = httpx.Client(base_url=URL, transport=httpx.MockTransport(answer))
    address = login or Address(url=URL, token="t0ken")
    return AirflowServer(http=http, address=address, patience=patience, sleep=lambda _: None)


def test_a_server_that_is_away_is_asked_again() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            msg = "refused"
            raise httpx.ConnectError(msg, request=request)
        return httpx.Response(502 if len(asked) == 2 else 200, json={"ok": 1})

    assert server(answer).get("/x") == {"ok": 1}
    assert asked == ["/api/v2/x"] * 3


def test_what_changes_something_is_sent_once() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(503)

    with pytest.raises(ServerAway):
        server(answer).send("POST", "/x", {})
    assert asked == ["POST"]


def test_patience_ends() -> None:
    with pytest.raises(ServerAway, match="does not answer"):
        server(lambda _: httpx.Response(504)).get("/x")


def test_the_token_does_not_go_where_a_redirect_leads() -> None:
    hosts: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(302, headers={"location": "https://evil.example.net/"})

    with pytest.raises(RequestRefused, match="leads elsewhere"):
        server(answer).get("/x")
    assert hosts == ["airflow.example.com"]


def test_a_login_that_has_expired_is_made_anew_where_there_is_a_password() -> None:
    tokens: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            tokens.append("new")
            return httpx.Response(201, json={"access_token": f"t{len(tokens)}"})
        good = request.headers["authorization"] == "Bearer t2"
        return httpx.Response(200 if good else 401, json={})

    login = Address(url=URL, user="ann", password="secret")
    assert server(answer, login).get("/x") == {}
    assert len(tokens) == 2


def test_a_token_that_has_expired_is_told() -> None:
    with pytest.raises(LoginMissing, match="expired"):
        server(lambda _: httpx.Response(401, json={"detail": "no"})).get("/x")


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("\x1b]0;owned\x07\x1b[2J", "<U+001B>]0;owned<U+0007><U+001B>[2J"),
        ([{"msg": "Field required", "loc": ["x"]}], "Field required"),
        ({"reason": "Unique constraint"}, "Unique constraint"),
        ("x" * 5000, "characters more"),
    ],
)
def test_what_a_server_says_is_shown_as_text(detail: Any, said: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        server(lambda _: httpx.Response(400, json={"detail": detail})).get("/x")
    assert said in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_another_kind_of_server_is_recognised() -> None:
    with pytest.raises(RequestRefused, match="does not answer as Airflow does"):
        server(lambda _: httpx.Response(200, text="<html>")).get("/x")


def test_a_list_is_read_to_its_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        rows = [{"n": n} for n in range(offset, min(offset + 100, 230))]
        return httpx.Response(200, json={"rows": rows, "total_entries": 230})

    found = server(answer).listed("/x", "rows")
    assert [one["n"] for one in found] == list(range(230))
