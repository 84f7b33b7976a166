"""The pages show what somebody changed by hand in the group that serves."""

from __future__ import annotations

import dataclasses

from slipway.model.board.by_hand import ByHand, HandChange
from tests.slipway.board.boards import Office, filled, office, text_of

CHANGES = (
    HandChange(what="desired", was="2", now="5"),
    HandChange(what="suspended processes", was="", now="AZRebalance"),
)


def changed() -> Office:
    """Somebody was at work on prod of the shop."""
    model, airflow = filled()
    shop = model.snapshots["shop"]
    hand = ByHand(group="shop-prod-1", since=1_795_000_000, changes=CHANGES)
    places = tuple(
        dataclasses.replace(one, by_hand=hand) if one.environment == "prod" else one
        for one in shop.environments
    )
    model.snapshots["shop"] = dataclasses.replace(shop, environments=places)
    return office(model, airflow)


def test_the_cell_says_that_and_its_page_says_what() -> None:
    with changed().browser("vic", "VIEWER") as viewer:
        board, page = viewer.get("/").text, text_of(viewer.get("/e/shop/prod").text)
        untouched = viewer.get("/e/shop/dev").text
    chip = 'title="desired: 2 -&gt; 5; suspended processes: none -&gt; AZRebalance"'
    assert board.count(chip) == 1
    assert "desired 2 → 5 suspended processes none → AZRebalance" in page
    assert "Changed by hand since 2026-11-18 11:06 UTC" in page
    assert "hanged by hand" not in untouched
