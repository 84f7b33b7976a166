"""What a commit's page says, and how a stage ends of which nobody told the end."""

from __future__ import annotations

import pytest

from slipway.model.facts import Release, StepReport, TestCounts, TestFailure, TestReport
from slipway.model.forge.status import StatusState
from slipway.model.text.inert import brief
from slipway.policies import commit_status as words

RELEASE = Release(project="shop", sha="a" * 40, version="1.4.0+42.gaaaaaaa")
TASKS = ("bake_image", "swap.launch", "swap.record_deployment")
LAST = "swap.record_deployment"


def report(counts: TestCounts | None) -> TestReport:
    step = StepReport(name="unit", image="i", state="passed", seconds=1.0)
    return TestReport(release=RELEASE, seconds=3.14, steps=(step,), counts=counts)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (TestCounts(tests=142), "142 tests, 3.1 s"),
        (TestCounts(tests=1, skipped=1), "1 test, 1 skipped, 3.1 s"),
        (TestCounts(), "1 step, 3.1 s"),
        (None, "1 step, 3.1 s"),
    ],
)
def test_what_passed_is_counted(counts: TestCounts | None, text: str) -> None:
    assert words.tests_passed(report(counts)) == text


def test_the_first_failing_test_is_named_or_else_the_step() -> None:
    counts = TestCounts(tests=142, failures=1, errors=1, failed=(TestFailure(name="t.test_a"),))
    why = "step 'unit' failed with exit code 1\n    last line"
    assert words.tests_failed(counts, why) == "2 of 142 tests failed: t.test_a"
    assert words.tests_failed(None, why) == "step 'unit' failed with exit code 1"
    assert words.tests_failed(TestCounts(tests=3), why) == "step 'unit' failed with exit code 1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\n\n  first \nsecond", "first"),
        ("", ""),
        ("a\u202eb", "a<U+202E>b"),
        ("x" * 300, "x" * 252 + "..."),
        ("\u202e" * 300, None),
    ],
)
def test_a_text_is_one_line_that_can_be_seen(text: str, shown: str | None) -> None:
    found = brief(text)
    assert len(found) <= 255
    if shown is not None:
        assert found == shown


def test_what_serves_is_said_with_its_machines() -> None:
    assert words.serving("1.4.0+42", 2) == "serving 1.4.0+42 on 2 machines"
    assert words.serving("1.4.0+42", 1) == "serving 1.4.0+42 on 1 machine"
    assert words.serving("1.4.0+42", None) == "serving 1.4.0+42"


def test_only_failures_whose_place_is_known_are_annotations() -> None:
    failed = (
        TestFailure(name="a", message="assert\nx\u202e", path="a.py", line=3),
        TestFailure(name="b"),
    )
    summary = words.summary(TestCounts(tests=5, failures=2, failed=failed))
    assert summary is not None
    assert [(one.path, one.text) for one in summary.annotations] == [("a.py", "assert\nx<U+202E>")]
    assert words.summary(None) is words.summary(TestCounts()) is None


@pytest.mark.parametrize(
    ("states", "over", "state", "text"),
    [
        ({"bake_image": "running"}, False, None, ""),
        ({"bake_image": "success", "swap.launch": None, LAST: None}, False, None, ""),
        ({"bake_image": "up_for_retry"}, False, None, ""),
        ({"bake_image": "success", "swap.launch": "deferred"}, False, None, ""),
        (
            {"bake_image": "failed", "swap.launch": "upstream_failed", LAST: "upstream_failed"},
            False,
            StatusState.FAILED,
            "bake_image failed",
        ),
        (
            {"bake_image": "success", "swap.launch": "failed"},
            True,
            StatusState.FAILED,
            "launch failed",
        ),
        ({"bake_image": "success", LAST: "success"}, False, StatusState.SUCCESSFUL, "done"),
        (
            {"bake_image": "success", "swap.launch": None},
            True,
            StatusState.STOPPED,
            "stopped before its end",
        ),
        (
            {"bake_image": "skipped", "swap.launch": "skipped"},
            False,
            StatusState.STOPPED,
            "stopped before its end",
        ),
        ({}, True, StatusState.STOPPED, "its run is gone"),
        ({"test": "running"}, True, StatusState.STOPPED, "its run is gone"),
    ],
)
def test_a_stage_that_nobody_ended_ends_as_its_tasks_did(
    states: dict[str, str | None], over: bool, state: StatusState | None, text: str
) -> None:
    found = words.ending(states, TASKS, LAST, run_is_over=over)
    assert found == (None if state is None else (state, text))
