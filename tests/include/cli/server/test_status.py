"""`fab status` from anywhere shows what the board does, to whoever may see it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from include.cli.board.table import as_json
from include.cli.server.address import Address
from include.cli.server.client import AirflowServer
from include.cli.server.errors import LoginMissing, RunUnknown
from include.cli.server.status import release_on, tell_status
from slipway.model.board.snapshot import ProjectSnapshot
from tests.slipway.board.boards import snapshot

SHOP = ProjectSnapshot(
    project="shop", environments=(snapshot("shop", "dev"), snapshot("shop", "prod", "1.0+\x1b[2J"))
)


def server(status: int = 200, shop: ProjectSnapshot = SHOP) -> AirflowServer:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/slipway/board/status.json"
        assert request.headers["authorization"] == "Bearer t"
        # As another version may have it, which knows more.
        body: Any = {"projects": [{**shop.for_programs(), "more": 1}]}
        return httpx.Response(status, json=body)

    login = Address(url="https://airflow.example.com", token="t")
    http = httpx.Client(base_url=login.url, transport=httpx.MockTransport(answer))
    return AirflowServer(http=http, address=login, sleep=lambda _: None)


def test_json_is_what_the_board_has() -> None:
    out = io.StringIO()
    assert tell_status(server(), out, as_programs=True) == 0
    assert json.loads(out.getvalue()) == json.loads(json.dumps(as_json([SHOP])))


def test_the_table_is_text() -> None:
    out = io.StringIO()
    assert tell_status(server(), out, "shop") == 0
    assert "1.0+<U+001B>[2J" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_project_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(RunUnknown, match="did you mean shop"):
        tell_status(server(), io.StringIO(), "shpo")


def test_what_an_environment_serves_is_a_version_and_a_version_is_itself() -> None:
    assert release_on(server(), "shop", "dev") == SHOP.environments[0].serving.version  # type: ignore[union-attr]
    assert release_on(server(), "shop", "1.4.0") == "1.4.0"


def test_the_other_environment_gets_the_release_and_not_its_settings() -> None:
    later = ProjectSnapshot(
        project="shop", environments=(snapshot("shop", "dev", "1.4.0@0123abcd"),)
    )
    assert release_on(server(shop=later), "shop", "dev") == "1.4.0"


def test_where_nothing_serves_there_is_nothing_to_compare() -> None:
    empty = replace(SHOP.environments[0], serving=None)
    with pytest.raises(RunUnknown, match="nothing serves shop on dev"):
        release_on(server(shop=replace(SHOP, environments=(empty,))), "shop", "dev")


def test_who_is_not_logged_in_is_told() -> None:
    with pytest.raises(LoginMissing):
        tell_status(server(401), io.StringIO())
