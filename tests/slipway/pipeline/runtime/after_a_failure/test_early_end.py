"""What exit code 78 ends, and what goes on."""

from __future__ import annotations

import pytest

from slipway.exceptions import NothingRan, TestsFailed
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime import builds
from tests.slipway.pipeline.runtime.after_a_failure.begun import (
    ALWAYS,
    APART,
    ON_FAILURE,
    Begun,
    Known,
    outcome,
)
from tests.slipway.pipeline.runtime.builds import pipeline
from tests.slipway.pipeline.runtime.runner.cases import Case, steps


def test_78_ends_a_pipeline_early_and_green_and_the_rest_says_why_it_did_not_run() -> None:
    case = Case(
        steps(unit="", check="", build="", tell=ON_FAILURE, clean=ALWAYS),
        {"check": Play(exit_code=78)},
    )
    result = case.run()
    assert outcome(result) == {
        "unit": "passed",
        "check": "passed",
        "build": "skipped",
        "tell": "skipped",
        "clean": "skipped",
    }
    assert result.steps[2].note == "check ended the pipeline early (exit code 78)"
    assert (result.state, result.failures(), result.ended_early) == ("passed", [], True)
    BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()


@pytest.mark.parametrize("how", ["failure: ignore", "failure: fast", ""])
def test_a_commit_that_ended_early_before_anything_passed_is_no_release(how: str) -> None:
    case = Case(steps(check=how, build=""), {"check": Play(exit_code=78)})
    result = BuildResult(pipelines=(case.run(),), seconds=1.0)
    with pytest.raises(NothingRan, match="step check: ended the pipeline early with exit code 78"):
        result.raise_for_failure()
    assert result.ended_early


def test_another_document_goes_on_and_what_waits_for_the_early_one_runs() -> None:
    case = builds.Case(
        pipeline("check"), pipeline("build", "depends_on: [check]"), check=Play(exit_code=78)
    )
    result = case.run()
    assert [one.state for one in result.pipelines] == ["passed", "passed"]
    result.raise_for_failure()


def test_what_runs_beside_78_may_end_and_its_failure_is_told() -> None:
    made: list[Case] = []
    plays = {
        "check": Play(exit_code=78, until=Begun(made, "run-step-2-test")),
        "test": Play(1, until=Known(made)),
    }
    text = steps(
        check=APART,
        test=APART,
        deploy="depends_on: [test]",
        tell=f"depends_on: [test], {ON_FAILURE}",
    )
    made.append(Case(text, plays))
    result = made[0].run()
    assert outcome(result) == {
        "check": "passed",
        "test": "failed",
        "deploy": "skipped",
        "tell": "passed",
    }
    with pytest.raises(TestsFailed, match="'test' failed"):
        BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()


def test_78_of_a_step_in_the_background_ends_nothing() -> None:
    case = Case(steps(web="detach: true", test=""), {"web": Play(exit_code=78)})
    assert outcome(case.run()) == {"web": "passed", "test": "passed"}
