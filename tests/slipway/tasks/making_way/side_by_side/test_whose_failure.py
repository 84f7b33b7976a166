"""Whose failure it was, and after clearing, whose it is."""

from __future__ import annotations

import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import TestsFailed
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.retries import no_retry_on_input_error
from tests.slipway.tasks.making_way.side_by_side import neighbours
from tests.slipway.tasks.making_way.side_by_side.neighbours import Run, Work, busy, stopped, work

quickly = neighbours.quickly


def test_a_failure_of_its_own_that_came_of_being_stopped_is_not_told_as_one() -> None:
    """The container of a step that was removed ends with an exit code, like a failed test."""
    task = Work(task_id="test", retries=2)
    removed: list[bool] = []
    task.on_kill = lambda: removed.append(True)  # type: ignore[method-assign]

    def step() -> None:
        while not removed:
            time.sleep(0.001)
        msg = "the step unit failed with exit code 137"
        raise TestsFailed(msg)

    run: Any = Run(looks=[{"rehearse_migrations": "failed"}], task_id="test")
    with (
        pytest.raises(AirflowFailException, match=r"^stopped, because rehearse_migrations failed$"),
        SideBySide(task, {"ti": run}),
        no_retry_on_input_error(),
    ):
        step()


@pytest.mark.parametrize(
    "state",
    [
        None,
        "scheduled",
        "queued",
        "running",
        "restarting",
        "up_for_retry",
        "deferred",
        "removed",
        "skipped",
        "upstream_failed",
        "success",
    ],
)
def test_a_task_that_was_killed_or_cleared_or_is_tried_again_has_not_failed(
    state: str | None,
) -> None:
    run = Run(looks=[{"test": state, "build_deb": "running"}])
    task = work(run, lambda: time.sleep(0.2))
    assert run.asked > 2
    assert (task.kills, run.pushed) == (0, {})


def test_a_failure_that_is_gone_at_the_next_look_was_none() -> None:
    run = Run(looks=[{"test": "failed"}, {"test": None}, {"test": "failed"}, {"test": "running"}])
    assert work(run, lambda: time.sleep(0.3)).kills == 0


def test_its_own_failure_before_it_was_cleared_is_not_anothers() -> None:
    run = Run(looks=[{"test": "success", "build_deb": "failed"}])
    assert work(run, lambda: time.sleep(0.2)).kills == 0


def test_the_one_that_failed_is_named_and_not_those_that_were_stopped_with_it() -> None:
    looks: list[Any] = [{"test": "failed", "rehearse_migrations": "failed"}]
    run = Run(looks=looks, others={"rehearse_migrations": ["test"]})
    stopped(run, busy, because="test")
    both = Run(looks=looks)
    stopped(both, busy, because="rehearse_migrations and test")


def test_a_task_that_was_stopped_is_no_reason_once_the_one_that_failed_was_cleared() -> None:
    states: dict[str, str | None] = {"test": "queued", "rehearse_migrations": "failed"}
    run = Run(looks=[states], others={"rehearse_migrations": ["test"]})
    assert work(run, lambda: time.sleep(0.2)).kills == 0


def test_who_clears_one_task_of_a_failed_run_sees_how_it_goes() -> None:
    run = Run(looks=[{"test": "failed"}], max_tries=3)
    assert work(run, lambda: time.sleep(0.2)).kills == 0


def test_what_fails_meanwhile_stops_a_cleared_task_as_well() -> None:
    looks: list[Any] = [
        {"test": "failed", "rehearse_migrations": "running"},
        {"test": "failed", "rehearse_migrations": "failed"},
    ]
    stopped(Run(looks=looks, max_tries=3), busy, because="rehearse_migrations")


def test_a_try_that_begins_after_the_failure_ends_at_once() -> None:
    """It waited for its next try, or for a slot, while the other one failed."""
    stopped(Run(looks=[{"test": "failed"}]), busy, because="test")
