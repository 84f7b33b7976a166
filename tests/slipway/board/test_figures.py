"""The page of the four figures, with the deployments behind each."""

from __future__ import annotations

import dataclasses
import re
import time

import pytest

from slipway.board.figures import HEIGHT, WIDTH, WINDOWS, figures_view
from slipway.board.parts import Parts
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.facts.outcome import Outcome
from tests.slipway.board.boards import Office, deployment, hide, record
from tests.slipway.board.poison import EVIL, Reader, poisoned

DAY = 86400.0
NOW = time.time()


def released(number: int) -> ReleaseRecord:
    made = record(f"1.0+{number}", subject=f"Change {number}")
    at = int(NOW - (10 - number) * DAY)
    return dataclasses.replace(made, checkout=dataclasses.replace(made.checkout, committed_at=at))


def deployed(number: int, days_ago: float, replaced: int, **more: object) -> object:
    began = NOW - days_ago * DAY
    return deployment(
        f"1.0+{number}",
        f"1.0+{replaced}",
        swap=f"{number} {days_ago}",
        started_at=began,
        ended_at=began + 3600,
        **more,
    )


@pytest.fixture
def busy(shop: Office) -> Office:
    """The shop, with a week in which one release failed and one was taken back."""
    shop.model.records = [released(number) for number in (5, 4, 3, 2, 1)]
    shop.model.past["shop/prod"] = [
        deployed(4, 1, 5),  # type: ignore[list-item]
        deployed(5, 2, 4),  # type: ignore[list-item]
        deployed(4, 4, 2),  # type: ignore[list-item]
        deployed(3, 5, 2, outcome=Outcome.ROLLED_BACK, failure="2 of 2 are ill"),  # type: ignore[list-item]
        deployed(2, 6, 1),  # type: ignore[list-item]
    ]
    return shop


def test_each_figure_leads_to_the_deployments_behind_it(busy: Office) -> None:
    with busy.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/d/shop/prod?days=7").text
    parts = dict(re.findall(r'<section id="(\w+)">(.*?)</section>', page, re.DOTALL))
    assert "3 in 7.0 days" in parts["frequency"]
    assert "4 deployments" in parts["frequency"]
    assert "median of 4 commits" in parts["lead"]
    assert "Change 3" in parts["lead"]
    assert "50 %" in parts["failures"]
    assert "2 of 4 changes" in parts["failures"]
    assert "2 of 2 are ill" in parts["failures"]
    assert "taken back later" in parts["failures"]
    assert "went back by itself" in parts["restore"]
    assert "ended by" in parts["restore"]
    for one in parts.values():
        assert "<svg" in one
        assert "/dags/shop.prod/runs/manual__1" in one or one is parts["lead"]


def test_an_environment_leads_to_its_figures(shop: Office) -> None:
    with shop.browser("vic", "VIEWER") as viewer:
        assert 'href="/slipway/board/d/shop/prod"' in viewer.get("/e/shop/prod").text


@pytest.mark.parametrize("days", ["", "?days=7", "?days=365", "?days=8", "?days=x", "?days=-1"])
def test_any_number_of_days_gets_a_page(busy: Office, days: str) -> None:
    with busy.browser("vic", "VIEWER") as viewer:
        answer = viewer.get(f"/d/shop/prod{days}")
    assert answer.status_code == 200
    assert answer.text.count('aria-current="true"') == 1


def test_an_environment_without_a_past_has_a_page(shop: Office) -> None:
    shop.model.past.clear()
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/d/shop/dev").text
    assert page.count("<b>none</b>") == 3


def test_what_somebody_may_not_see_has_no_figures(
    busy: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "shop.prod", user="eve")
    with busy.browser("eve") as eve:
        for path in ("/d/shop/prod", "/d/shop/absent", "/d/absent/prod"):
            answer = eve.get(path)
            assert answer.status_code == 404
            assert "2 of 2 are ill" not in answer.text
    with busy.browser() as nobody:
        assert nobody.get("/d/shop/prod").status_code == 303


@pytest.mark.parametrize("days", WINDOWS)
def test_no_bar_leaves_its_plot(busy: Office, days: int) -> None:
    parts = Parts(
        model=busy.model,
        watching=busy.airflow,
        allowing=None,  # type: ignore[arg-type]
        ordering=busy.airflow,
        forms=None,  # type: ignore[arg-type]
    )
    snapshot = busy.model.snapshots["shop"].of("prod")
    assert snapshot
    view = figures_view(busy.model, parts.board.cell(snapshot), days, NOW)
    assert len(view.plots) == 4
    for bars in view.plots.values():
        assert len(bars) == WINDOWS[days]
        for one in bars:
            assert one.x >= 0
            assert one.x + one.width <= WIDTH
            assert one.y >= 0
            assert one.y + one.height <= HEIGHT + 0.02
            assert one.bad <= one.height
    assert sum(one.value or 0 for one in view.plots["frequency"]) == len(view.figures.deliveries)


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL.keys())
def test_figures_show_strangers_text_as_text(evil: str) -> None:
    there = poisoned(evil)
    now = [
        dataclasses.replace(one, started_at=NOW - 60, ended_at=NOW - 30)
        for one in there.model.past["shop/prod"]
    ]
    there.model.past["shop/prod"] = now
    with there.browser("ann") as ann:
        answer = ann.get("/d/shop/prod")
    assert answer.status_code == 200
    reader = Reader()
    reader.feed(answer.text)
    assert reader.found == []
