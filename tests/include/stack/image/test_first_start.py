"""The pools of a first start, in an Airflow of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.models.pool import Pool
from airflow.utils.session import create_session

from include.settings import POOLS as FILE
from include.settings import pools, shared
from include.stack.image.first_start import POOLS, SLOTS, make_pools
from tests.fakes.airflow_database import airflow_database


@pytest.fixture(scope="module", autouse=True)
def _database() -> Iterator[None]:
    with airflow_database():
        yield


def _slots() -> dict[str, int]:
    with create_session() as session:
        return {str(one.pool): one.slots for one in Pool.get_pools(session=session)}


def test_pools_that_are_there_keep_what_people_made_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(POOLS, shared(FILE)[POOLS])
    for number, kind in enumerate(pools(), start=3):
        monkeypatch.setenv(SLOTS.format(kind.upper()), str(number))
    make_pools()
    made = {name: slots for name, slots in _slots().items() if name in pools().values()}
    assert made == {"slipway_builds": 3, "slipway_bakes": 4}
    with create_session() as session:
        Pool.create_or_update_pool("slipway_builds", 9, "", include_deferred=False, session=session)
    make_pools()
    assert (_slots()["slipway_builds"], _slots()["slipway_bakes"]) == (9, 4)
