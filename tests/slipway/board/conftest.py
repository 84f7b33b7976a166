"""Airflow's own login and rights, in front of a board that is held in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.airflow_database import airflow_database
from tests.slipway.board.boards import Office, filled, office


@pytest.fixture(scope="module", autouse=True)
def _database() -> Iterator[None]:
    from airflow.api_fastapi.app import init_auth_manager, purge_cached_app

    with airflow_database():
        init_auth_manager()
        yield
        purge_cached_app()


@pytest.fixture
def shop() -> Office:
    """Two projects, of which the shop's production asks for a yes."""
    return office(*filled())
