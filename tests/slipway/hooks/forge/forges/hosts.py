"""Hosts as the tests tell them of a commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from slipway.hooks.forge.connection import open_forge
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import CommitStatus, StatusState
from tests.forges.stand_in import StandIn, stand_in

if TYPE_CHECKING:
    from collections.abc import Iterator

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
TOKEN = "ATCTT3xFfGN0-secret-token"
PAGE = "https://ci.example.com/dags/shop/runs/r/tasks/test"


@pytest.fixture
def host() -> Iterator[StandIn]:
    with stand_in() as one:
        yield one


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, password=TOKEN)


def connect(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps({"conn_type": "generic", **fields}))


def place(host: StandIn, kind: ForgeKind, path: str = "acme/shop") -> ForgePlace:
    return ForgePlace(kind=kind, server=host.url, path=path, connection="host")


def status(**fields: Any) -> CommitStatus:
    known: dict[str, Any] = {
        "project": "shop",
        "sha": SHA,
        "stage": "test",
        "state": StatusState.SUCCESSFUL,
        "text": "142 tests, 3.1 s",
        "url": PAGE,
        "branch": "main",
    }
    return CommitStatus(**{**known, **fields})


def tell(host: StandIn, kind: ForgeKind, path: str = "acme/shop", **fields: Any) -> Any:
    open_forge(place(host, kind, path)).set_status(status(**fields))
    return host.requests[-1].body
