"""What runs after a failure, and what a failure ends."""

from __future__ import annotations

import threading
import time

import pytest

from slipway.exceptions import PipelineStopped, StepTimedOut, TestsFailed
from slipway.model.container import ContainerSpec
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.runner.cases import Case, steps


def test_steps_that_do_not_wait_for_each_other_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=5)

    class Meeting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            both.wait()  # breaks, and so fails the test, unless the other is here at once
            return True

    plays = {"b": Play(until=Meeting()), "c": Play(until=Meeting())}
    text = steps(a="", b="depends_on: [a]", c="depends_on: [a]", d="depends_on: [b, c]")
    assert set(Case(text, plays).states().values()) == {"passed"}


def test_what_runs_beside_a_failure_may_end_and_nothing_new_begins() -> None:
    text = steps(a="depends_on: []", b="depends_on: [a]", c="depends_on: [b]", d="depends_on: []")
    case = Case(text, {"a": Play(exit_code=3, lines=("x", "boom"))})
    result = case.run()
    assert {s.name: s.state for s in result.steps} == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "passed",
    }
    with pytest.raises(TestsFailed, match="'a' failed with exit code 3\n    x\n    boom") as caught:
        BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()
    assert "'b'" not in str(caught.value)


def test_an_ignored_failure_stops_nothing() -> None:
    case = Case(steps(a="failure: ignore", b=""), {"a": Play(exit_code=1)})
    result = case.run()
    assert not result.failures()
    assert [(s.state, s.exit_code) for s in result.steps] == [("failed", 1), ("passed", 0)]


def test_a_step_that_ran_out_of_memory_says_so() -> None:
    result = Case(steps(a=""), {"a": Play(exit_code=137, out_of_memory=True)}).run()
    assert "4096 MiB of memory" in result.tails["a"][-1]


def test_a_step_that_takes_too_long_is_killed_and_named() -> None:
    case = Case(steps(a="", slow=""), {"slow": Play(until=threading.Event())}, timeout=0.2)
    with pytest.raises(StepTimedOut, match="'slow' was killed"):
        case.run()
    assert any("slow: killed" in line for line in case.log)


def test_stopping_from_outside_ends_the_run_and_leaves_nothing() -> None:
    case = Case(steps(a="", b=""), {"a": Play(until=threading.Event())})
    caught: list[BaseException] = []

    def run() -> None:
        try:
            case.run()
        except PipelineStopped as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 5
    while "start run-step-1-a" not in case.engine.events and time.monotonic() < deadline:
        time.sleep(0.01)
    case.runner.stop()
    thread.join(5)
    assert len(caught) == 1
    assert "start run-step-2-b" not in case.engine.events
    assert any(line.startswith("step a: stopped, ") for line in case.log)
    assert "exit code" not in "\n".join(case.log)


def test_an_engine_that_fails_in_one_step_ends_the_others() -> None:
    class Broken(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise RuntimeError

    plays = {"a": Play(until=threading.Event()), "b": Play(until=Broken())}
    case = Case(steps(a="depends_on: [clone]", b="depends_on: [clone]"), plays, timeout=30)
    began = time.monotonic()
    with pytest.raises(RuntimeError):
        case.run()
    assert time.monotonic() - began < 5


def test_leftovers_of_the_last_try_go_first() -> None:
    case = Case(steps(a=""))
    case.engine.create_network("old", {"slipway.run": "1"})
    case.engine.create_network("other", {"slipway.run": "2"})
    with pytest.raises(AssertionError):  # the other run's is still there
        case.run()
    assert case.engine.leftovers() == ["other"]
    assert case.engine.events[0] == "remove all"


def test_a_try_that_was_killed_is_named_and_that_its_log_ends_there() -> None:
    case = Case(steps(a=""))
    case.engine.create(ContainerSpec(name="old", image="i", labels={"slipway.run": "1"}))
    case.run()
    assert case.log[0].startswith("removed what an earlier try left; if its worker was killed")
    fresh = Case(steps(a=""))
    fresh.run()
    assert not any("earlier try" in line for line in fresh.log)


# Status


def test_steps_for_failures_run_after_one_and_the_others_do_not() -> None:
    text = steps(
        a="", b="when: {status: failure}", c="", d="when: {status: [success, failure]}", e=""
    )
    case = Case(text, {"a": Play(exit_code=1)})
    result = case.run()
    assert [step.state for step in result.steps] == [
        "failed",
        "passed",
        "skipped",
        "passed",
        "skipped",
    ]
    assert result.steps[2].note == "after the failure of a"
    told = {spec.name: spec.environment for spec in case.engine.specs}["run-step-2-b"]
    assert told["DRONE_STAGE_STATUS"] == told["DRONE_BUILD_STATUS"] == "failure"
    assert told["DRONE_FAILED_STEPS"] == "a"


def test_steps_for_failures_are_skipped_when_all_is_well() -> None:
    case = Case(steps(a="", b="when: {status: failure}", c=""))
    assert case.states() == {"a": "passed", "b": "skipped", "c": "passed"}
    assert case.engine.specs[0].environment["DRONE_STAGE_STATUS"] == "success"


def test_an_ignored_failure_is_no_failure_of_the_stage() -> None:
    case = Case(
        steps(a="failure: ignore", b="when: {status: failure}", c=""), {"a": Play(exit_code=1)}
    )
    assert case.states() == {"a": "failed", "b": "skipped", "c": "passed"}


def test_a_step_whose_conditions_are_unmet_holds_nobody_up() -> None:
    case = Case(steps(a="when: {branch: other}", b="depends_on: [a]"))
    result = case.run()
    assert [(s.state, s.note) for s in result.steps] == [
        ("skipped", "when.branch is [other], the build's is empty"),
        ("passed", ""),
    ]
    assert [e for e in case.engine.events if e.startswith("put")] == ["put run-step-2-b"]


def test_failing_fast_ends_everything_at_once() -> None:
    plays = {"bad": Play(exit_code=1), "slow": Play(until=threading.Event())}
    text = steps(
        bad="failure: fast, depends_on: [clone]",
        slow="depends_on: [clone]",
        after="depends_on: [slow], when: {status: [failure]}",
    )
    case = Case(text, plays, timeout=30)
    began = time.monotonic()
    assert case.states() == {"bad": "failed", "slow": "killed", "after": "skipped"}
    assert time.monotonic() - began < 5


def test_a_service_may_have_conditions() -> None:
    case = Case("services: [{name: db, image: i, when: {event: tag}}]\n" + steps(a=""))
    case.run()
    assert [spec.name for spec in case.engine.specs] == ["run-step-1-a"]
