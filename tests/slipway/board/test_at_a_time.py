"""What is set for a time stands on the board with its countdown, and is set and cancelled there."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipway.board.cells import Mood, cell
from slipway.hooks.airflow_progress import Live
from tests.slipway.board.boards import Office, filled, office, snapshot, text_of, timed

WORDS = "waits until 2099-12-01 06:00 Europe/Berlin"
# As the page's script finds it, which counts the seconds.
COUNTDOWN = '<time datetime="2099-12-01T05:00:00Z" data-form="in">'


def waiting(**more: Any) -> Office:
    model, airflow = filled()
    live = Live(runs={"shop.prod": [timed(**more)]})
    return office(model, dataclasses.replace(airflow, under_way=live))


@pytest.mark.parametrize("path", ["/", "/?wall=1", "/e/shop/prod"])
def test_each_page_counts_down(path: str) -> None:
    with waiting().browser("vic", "VIEWER") as viewer:
        page = viewer.get(path).text
    assert WORDS in text_of(page)
    assert COUNTDOWN in page
    assert "cancel" not in page


def test_it_counts_down_while_somebody_is_still_asked_and_no_longer_once_it_has_begun() -> None:
    asked = waiting(step="approve", step_state="awaiting_input", facts=None)
    begun = waiting(step="swap.launch", step_state="running", facts=None)
    with asked.browser("ann") as one, begun.browser("ann") as other:
        assert COUNTDOWN in one.get("/e/shop/prod").text
        page = other.get("/e/shop/prod").text
        refused = other.get("/e/shop/prod/cancel?run=manual__8")
    assert COUNTDOWN not in page
    assert "/cancel" not in page
    assert refused.status_code == 409
    assert "This run does not wait for its time" in refused.text


@pytest.mark.parametrize("at", ["never", "2026-12-01 06:00 Mars/Olympus", "\x1b[2J", "x" * 5000])
def test_what_somebody_wrote_in_place_of_a_time_is_no_countdown(at: str) -> None:
    with waiting(at=at).browser("ann") as ann:
        page = ann.get("/e/shop/prod")
    assert page.status_code == 200
    assert 'data-form="in"' not in page.text


def test_a_wait_of_days_is_no_deployment_under_way() -> None:
    seen = snapshot("shop", "prod")
    assert cell(seen, Live(runs={"shop.prod": [timed()]})).mood is Mood.SERVING
    begun = timed(step="bake_image", step_state="running", facts=None)
    assert cell(seen, Live(runs={"shop.prod": [begun]})).mood is Mood.DEPLOYING


def test_whoever_may_cancels_it_from_the_environments_page() -> None:
    with waiting().browser("ann") as ann:
        assert "/e/shop/prod/cancel?run=manual__8" in ann.get("/e/shop/prod").text
        page = ann.get("/e/shop/prod/cancel?run=manual__8").text
    assert "Cancel the deployment of 1.0+2 ?" in text_of(page)
    assert "by ann" in text_of(page)


def test_a_deployment_is_set_for_a_time_with_the_same_words_as_in_a_shell() -> None:
    shop = office(*filled())
    shop.airflow.known = {"version", "at"}
    then = datetime.now(UTC) + timedelta(days=3)
    with shop.browser("ann") as ann:
        page = "/e/shop/prod/deploy?version=1.0%2B2"
        assert 'name="at"' in ann.get(page).text
        assert 'name="at"' not in ann.get("/e/shop/prod/roll-back?version=1.0%2B0").text
        fields = {"version": "1.0+2", "at": f" {then:%Y-%m-%dT%H:%M}  UTC "}
        answer = ann.post("/e/shop/prod/deploy", {"token": ann.token(page), **fields})
    assert answer.status_code == 303
    conf = {"version": "1.0+2", "at": f"{then:%Y-%m-%d %H:%M} UTC"}
    assert [*shop.airflow.started.values()] == [("ann", conf)]


def test_an_environment_that_takes_no_time_is_offered_none() -> None:
    with office(*filled()).browser("ann") as ann:
        assert 'name="at"' not in ann.get("/e/shop/prod/deploy?version=1.0%2B2").text
