"""Which names Airflow's server answers to, and who shows its pages."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from slipway.plugin import root_middlewares


def _server(monkeypatch: pytest.MonkeyPatch, hosts: str) -> TestClient:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ALLOWED_HOSTS", hosts)

    def answer(_: Any) -> PlainTextResponse:
        return PlainTextResponse("in")

    def strict(_: Any) -> PlainTextResponse:
        policy = "default-src 'none'; frame-ancestors 'none'"
        return PlainTextResponse(
            "in", headers={"Content-Security-Policy": policy, "X-Frame-Options": "DENY"}
        )

    def late(_: Any) -> StreamingResponse:
        return StreamingResponse(iter(["in ", "parts"]))

    routes = [
        Route("/", answer, methods=["GET", "POST"]),
        Route("/strict", strict),
        Route("/late", late),
    ]
    server = Starlette(routes=routes)
    for one in root_middlewares():
        server.add_middleware(one["middleware"], **one["kwargs"])
    return TestClient(server)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:8080"])
def test_the_servers_own_names(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    answer = _server(monkeypatch, "127.0.0.1, localhost").get("/", headers={"Host": host})
    assert answer.text == "in"


@pytest.mark.parametrize(
    "host",
    ["rebound.example:8080", "127.0.0.1.rebound.example", "rebound.localhost", "www.localhost", ""],
)
def test_a_page_whose_name_was_made_to_resolve_to_the_server(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    server = _server(monkeypatch, "127.0.0.1,localhost")
    for answer in (
        server.get("/", headers={"Host": host}),
        server.post("/", headers={"Host": host}),
    ):
        assert answer.status_code == 400


def test_all_below_a_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    server = _server(monkeypatch, "*.example.com")
    assert server.get("/", headers={"Host": "airflow.example.com"}).text == "in"
    assert server.get("/", headers={"Host": "airflow.example.com.evil"}).status_code == 400


@pytest.mark.parametrize("hosts", ["", " , "])
def test_nothing_is_checked_where_no_hosts_are_named(
    monkeypatch: pytest.MonkeyPatch, hosts: str
) -> None:
    answer = _server(monkeypatch, hosts).get("/", headers={"Host": "any.example"})
    assert answer.text == "in"


FRAMES = ("content-security-policy", "x-frame-options")


@pytest.mark.parametrize("hosts", ["", "localhost"])
@pytest.mark.parametrize("path", ["/", "/nothing", "/late"])
def test_a_foreign_page_does_not_lay_itself_over_airflows_buttons(
    monkeypatch: pytest.MonkeyPatch, hosts: str, path: str
) -> None:
    answer = _server(monkeypatch, hosts).get(path, headers={"Host": "localhost"})
    assert [answer.headers.get_list(name) for name in FRAMES] == [
        ["frame-ancestors 'self'"],
        ["SAMEORIGIN"],
    ]


def test_a_stricter_word_of_airflows_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = _server(monkeypatch, "").get("/strict")
    assert [answer.headers.get_list(name) for name in FRAMES] == [
        ["default-src 'none'; frame-ancestors 'none'", "frame-ancestors 'self'"],
        ["DENY"],
    ]


def test_the_refusal_of_a_name_is_not_framed_either(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = _server(monkeypatch, "localhost").get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
