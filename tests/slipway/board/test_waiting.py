"""The pages say what a run waits for that does not move."""

from __future__ import annotations

import dataclasses

from slipway.hooks.airflow_progress import Live, RunUnderWay
from slipway.model.board.waiting import PoolUse, SlotHolder, WaitFacts
from tests.slipway.board.boards import Office, filled, office, text_of

POOL = "for a slot of the pool slipway_bakes, 1 of 1 taken by docs 2222222"


def waiting_for_a_pool(version: str) -> Office:
    """A run of the shop that waits for a slot which another project's has."""
    model, airflow = filled()
    holder = SlotHolder(dag_id="docs", run_id=f"commit__{'2' * 40}")
    facts = WaitFacts(
        run_state="running",
        task_id="bake_image",
        state="scheduled",
        since=1_795_000_000.0,
        pool="slipway_bakes",
        pool_use=PoolUse(slots=1, taken=1, holders=(holder,)),
    )
    run = RunUnderWay(
        dag_id="shop.prod",
        run_id="manual__9",
        state="running",
        since=1.0,
        version=version,
        step="bake_image",
        step_state="scheduled",
        facts=facts,
    )
    return office(model, dataclasses.replace(airflow, under_way=Live(runs={"shop.prod": [run]})))


def test_each_page_says_the_same() -> None:
    with waiting_for_a_pool("1.0+2").browser("vic", "VIEWER") as viewer:
        for path in ("/", "/e/shop/prod", "/r/shop/1.0+2"):
            page = viewer.get(path)
            assert page.status_code == 200, (path, page.text)
            assert f"waits {POOL}" in text_of(page.text), path
            assert "2026-11-18" in page.text  # since when


def test_a_release_that_does_not_wait_says_nothing_of_it() -> None:
    with waiting_for_a_pool("1.0+1").browser("vic", "VIEWER") as viewer:
        assert POOL not in text_of(viewer.get("/r/shop/1.0+2").text)
