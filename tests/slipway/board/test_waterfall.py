"""A release's page draws its run's steps as they followed one another."""

from __future__ import annotations

import re

from slipway.hooks.airflow_progress import TaskState
from tests.slipway.board.boards import filled, office
from tests.slipway.board.people import Airflow


def _page(*states: TaskState) -> str:
    model, _ = filled()
    with office(model, Airflow(states=list(states))).browser("vic", "VIEWER") as browser:
        return str(browser.get("/r/shop/1.0+2").text)


def test_steps_are_drawn_where_they_were_and_what_held_up_the_run_is_told_apart() -> None:
    page = _page(
        TaskState(task_id="checkout", state="success", began=100.0, ended=102.0),
        TaskState(task_id="test", state="success", began=102.0, ended=110.0),
        TaskState(task_id="build_deb", state="success", began=102.0, ended=103.0),
        TaskState(task_id="swap.soak", state="success", began=113.0, ended=120.0),
        TaskState(task_id="swap.retire_old", state="running", began=120.0),
    )
    assert [float(one) for one in re.findall(r'viewBox="0 0 (\S+) 1"', page)] == [20] * 4
    drawn = re.findall(r'<rect x="(\S+)" width="(\S+)"', page)
    assert [(float(x), float(wide)) for x, wide in drawn] == [(0, 2), (2, 8), (2, 1), (13, 7)]
    assert page.count('class="fall critical"') == 3
    assert "began 13.0 s into the run, 3.0 s after test; waits for the soak" in page


def test_a_run_that_has_not_begun_draws_nothing() -> None:
    page = _page(TaskState(task_id="checkout", state="queued"))
    assert "<svg" not in page.partition('data-key="tasks"')[2]
    assert "in all" not in page
