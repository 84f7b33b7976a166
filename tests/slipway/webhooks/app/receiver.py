"""A receiver, and what a host posts to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from slipway.exceptions import ProjectFileError
from slipway.hooks.airflow_runs import KnownRepository
from slipway.webhooks.app import Receiver, make_app
from slipway.webhooks.limits import Gate
from slipway.webhooks.look import Look, Looker
from slipway.webhooks.projects import Projects
from tests.slipway.webhooks.deliveries import OTHER_SECRET, SECRET, Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {
    "shop": KnownRepository(url="git://h/shop", branch="main", connection=None, webhook="shop"),
    "mail": KnownRepository(url="git://h/mail", branch="main", connection=None, webhook="mail"),
    "bare": KnownRepository(url="git://h/bare", branch="main", connection=None, webhook=None),
    "lost": KnownRepository(url="git://h/lost", branch="main", connection=None, webhook="absent"),
}
SECRETS = {"shop": (SECRET,), "mail": (OTHER_SECRET,)}


class Looks(Looker):
    """Notes what is asked for."""

    def __init__(self) -> None:
        super().__init__(lambda look: [])
        self.asked: list[str] = []

    def ask(self, look: Look) -> None:
        self.asked.append(look.project)


class Source:
    """Knows the projects."""

    def repository(self, dag_id: str) -> KnownRepository | None:
        return KNOWN.get(dag_id)


def secrets(connection: str) -> tuple[bytes, ...]:
    if connection not in SECRETS:
        msg = "Airflow has no connection 'absent'"
        raise ProjectFileError(msg)
    return SECRETS[connection]


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def client(looks: Looks) -> Iterator[TestClient]:
    receiver = Receiver(projects=Projects(Source(), secrets), looker=looks, gate=Gate())
    with TestClient(make_app(receiver)) as found:
        yield found


def post(client: TestClient, delivery: Delivery, project: str = "shop") -> Any:
    return client.post(f"/{project}", content=delivery.body, headers=delivery.headers)
