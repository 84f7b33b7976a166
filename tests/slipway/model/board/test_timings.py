"""Where the time of a run went."""

from __future__ import annotations

import pytest

from slipway.model.board.timings import RunTime, StepTime, trends, waterfall

PUSH = 1_000.0


def _run(*steps: tuple[str, float, float], state: str = "success") -> RunTime:
    made = (
        StepTime(task_id=name, state="success", began=PUSH + began, ended=PUSH + ended)
        for name, began, ended in steps
    )
    return RunTime(dag_id="shop", run_id="commit__1", state=state, asked=PUSH, steps=tuple(made))


def test_a_wait_is_counted_from_the_step_that_ended_last() -> None:
    fall = waterfall(_run(("b", 5, 9), ("a", 1, 3), ("beside", 1, 2.5)))
    assert [(bar.task_id, bar.begin, bar.seconds, bar.after, bar.wait) for bar in fall.bars] == [
        ("beside", 1, 1.5, "", 1),
        ("a", 1, 2, "", 1),
        ("b", 5, 4, "a", 2),
    ]
    assert (fall.total, fall.idle) == (9, 3)


def test_what_held_up_the_whole_is_told_from_what_ran_beside_it() -> None:
    fall = waterfall(
        _run(("checkout", 1, 2), ("test", 2, 20), ("bake", 2, 12), ("swap.launch", 21, 30))
    )
    assert [bar.task_id for bar in fall.bars if bar.critical] == ["checkout", "test", "swap.launch"]


def test_steps_say_what_they_wait_for_themselves() -> None:
    fall = waterfall(_run(("swap.fleet_healthy", 1, 2), ("approve_2", 2, 9), ("test", 2, 9)))
    told = {bar.task_id: bar.waits_for for bar in fall.bars}
    assert told == {
        "swap.fleet_healthy": "boot and health checks",
        "approve_2": "a person",
        "test": "",
    }


@pytest.mark.parametrize(
    "step",
    [
        StepTime(task_id="a", state="skipped", began=PUSH, ended=PUSH + 9),
        StepTime(task_id="a", state="running", began=PUSH, ended=0),
        StepTime(task_id="a", state="", began=0, ended=0),
        # A task that failed before it began.
        StepTime(task_id="a", state="upstream_failed", began=0, ended=PUSH),
    ],
)
def test_what_did_not_run_to_its_end_has_no_time(step: StepTime) -> None:
    run = RunTime(dag_id="shop", run_id="r", state="running", asked=PUSH, steps=(step,))
    fall = waterfall(run)
    assert (fall.bars, fall.total, fall.idle) == ((), 0, 0)
    assert trends([run]) == []


def test_clocks_that_differ_a_little_make_no_negative_time() -> None:
    fall = waterfall(_run(("a", -0.5, -0.1), ("b", -0.1, -0.2)))
    assert all(bar.wait >= 0 and bar.seconds >= 0 for bar in fall.bars)


def test_two_steps_of_no_length_do_not_follow_each_other_for_ever() -> None:
    fall = waterfall(_run(("a", 1, 1), ("b", 1, 1)))
    assert {bar.task_id for bar in fall.bars} == {"a", "b"}


def test_a_slow_down_over_weeks_shows() -> None:
    runs = [_run(("test", 0, seconds), ("swap", 50, 60)) for seconds in (14, 16, 12, 10, 9, 11)]
    found = {one.task_id: one for one in trends(runs)}
    test = found["test"]
    assert (test.runs, test.median, test.least, test.most) == (6, 11.5, 9, 16)
    assert test.change == pytest.approx(0.4)
    assert found["swap"].change == 0
    assert [one.task_id for one in trends(runs)] == ["test", "swap", ""]
    assert found[""].median == 60


def test_runs_that_failed_say_nothing_of_how_long_one_takes() -> None:
    runs = [_run(("test", 0, 10)), _run(("test", 0, 1), state="failed")]
    assert [(one.task_id, one.median) for one in trends(runs)] == [("test", 10), ("", 10)]


def test_few_runs_have_no_trend() -> None:
    found = trends([_run(("test", 0, seconds)) for seconds in (10, 20, 30)])
    assert [one.change for one in found] == [None, None]
