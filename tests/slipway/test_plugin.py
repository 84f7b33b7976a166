"""Which names Airflow's server answers to."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from slipway.plugin import root_middlewares


def _server(monkeypatch: pytest.MonkeyPatch, hosts: str) -> TestClient:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ALLOWED_HOSTS", hosts)

    def answer(_: Any) -> PlainTextResponse:
        return PlainTextResponse("in")

    server = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])
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
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ALLOWED_HOSTS", hosts)
    assert root_middlewares() == []
