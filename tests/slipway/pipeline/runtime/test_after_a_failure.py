"""What still begins once something has failed, or has ended the pipeline early."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import ImageUnavailable
from slipway.pipeline.runtime.readiness import ServiceStopped
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime import builds
from tests.slipway.pipeline.runtime.after_a_failure.begun import (
    ALWAYS,
    APART,
    ON_FAILURE,
    Begun,
    Known,
    images,
    outcome,
)
from tests.slipway.pipeline.runtime.builds import pipeline
from tests.slipway.pipeline.runtime.runner.cases import Case, steps

if TYPE_CHECKING:
    from slipway.model.container import ImageFacts
    from slipway.pipeline.runtime.result import PipelineResult


def run_beside(failing: Play, *, more: str = "", **further: str) -> tuple[Case, PipelineResult]:
    """Run ``test`` beside ``build``, which ends after it, and what else there is."""
    made: list[Case] = []
    failing.until = Begun(made, "run-step-2-build")
    plays = {"test": failing, "build": Play(until=Known(made))}
    made.append(Case(more + steps(test=APART, build=APART, **further), plays))
    return made[0], made[0].run()


def test_nothing_is_deployed_from_a_branch_of_the_graph_that_the_failure_is_not_in() -> None:
    case, result = run_beside(Play(exit_code=1), deploy="depends_on: [build]")
    assert outcome(result) == {"test": "failed", "build": "passed", "deploy": "skipped"}
    assert result.steps[2].note == "after the failure of test"
    assert not [event for event in case.engine.events if "start run-step-3" in event]


def test_the_same_for_what_goes_on_in_the_background_or_may_fail() -> None:
    _, result = run_beside(
        Play(exit_code=1),
        web="depends_on: [build], detach: true",
        lint="depends_on: [build], failure: ignore",
        tell=f"depends_on: [build], {ON_FAILURE}",
        clean=f"depends_on: [build], {ALWAYS}",
        last="depends_on: [tell]",
    )
    states = outcome(result)
    assert (states["web"], states["lint"], states["last"]) == ("skipped", "skipped", "skipped")
    assert (states["tell"], states["clean"]) == ("passed", "passed")


def test_a_failure_that_may_be_keeps_nothing_away() -> None:
    case = Case(
        steps(test=f"{APART}, failure: ignore", deploy="depends_on: [test]"),
        {"test": Play(exit_code=1)},
    )
    assert outcome(case.run()) == {"test": "failed", "deploy": "passed"}


def test_what_waits_for_a_free_place_does_not_begin_after_a_failure() -> None:
    made: list[Case] = []
    plays = {f"s{n}": Play(until=Known(made)) for n in range(7)}
    text = steps(test=APART, **{f"s{n}": APART for n in range(7)}, deploy=APART)
    made.append(Case(text, {"test": Play(1, until=Begun(made, "run-step-8-s6")), **plays}))
    states = outcome(made[0].run())
    assert (states["s6"], states["deploy"]) == ("passed", "skipped")


def test_a_step_whose_image_comes_after_the_failure_does_not_begin() -> None:
    case = Case(
        images(test=APART, slow__large=APART, then="depends_on: [slow]"),
        {"test": Play(exit_code=1)},
    )
    usual = case.engine.ensure_image

    def ensure(image: str, **more: Any) -> ImageFacts:
        while image == "large" and not case.runner._steps.failed:
            time.sleep(1.1)
        return usual(image, **more)

    case.engine.ensure_image = ensure  # type: ignore[method-assign]
    result = case.run()
    assert outcome(result) == {"test": "failed", "slow": "skipped", "then": "skipped"}
    assert result.steps[1].note == "after the failure of test"
    assert "start run-step-2-slow" not in case.engine.events


def test_a_background_step_that_cannot_start_fails_no_pipeline() -> None:
    case = Case(steps(web="detach: true", test=""), {"web": Play(no_program=True)})
    assert outcome(case.run()) == {"web": "failed", "test": "passed"}


# Several documents


def test_no_document_begins_after_another_failed_unless_it_is_for_failures() -> None:
    class Over(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            time.sleep(timeout or 0)
            return bool(case.runner._schedule.failed)

    case = builds.Case(
        pipeline("test"),
        pipeline("build"),
        pipeline("deploy", "depends_on: [build, slow]"),
        pipeline("slow"),
        pipeline("tell", "depends_on: [build, test]\ntrigger: {status: [failure]}"),
        pipeline("both", "depends_on: [deploy]\ntrigger: {status: [success, failure]}"),
        test=Play(exit_code=1),
        slow=Play(until=Over()),
    )
    result = case.run()
    states = {one.name: one.state for one in result.pipelines}
    assert states["deploy"] == "skipped"
    assert (states["tell"], states["both"]) == ("passed", "passed")


# Services


def test_what_is_for_failures_runs_when_a_service_fails() -> None:
    case = Case(
        "services: [{name: db, image: i}]\n" + steps(a="", tell=ON_FAILURE, clean=ALWAYS),
        {"db": Play(exit_code=3)},
    )
    with pytest.raises(ServiceStopped, match="'db' stopped with exit code 3"):
        case.run()
    begun = [event for event in case.engine.events if event.startswith("start run-step")]
    assert begun == ["start run-step-2-tell", "start run-step-3-clean"]
    told = next(spec for spec in case.engine.specs if spec.name == "run-step-2-tell")
    assert told.environment["DRONE_BUILD_STATUS"] == "failure"


@pytest.mark.parametrize("missing", [False, True])
def test_a_service_fails_its_own_document_and_others_may_end(missing: bool) -> None:
    case = builds.Case(
        "name: bad\nservices: [{name: db, image: nowhere}]\n"
        f"steps: [{{name: a, image: i}}, {{name: b, image: i, {ON_FAILURE}}}]",
        pipeline("good"),
        pipeline("deploy", "depends_on: [bad, good]"),
        pipeline("tell", "depends_on: [bad, good]\ntrigger: {status: [failure]}"),
        db=Play(exit_code=3),
    )
    if missing:
        case.engine.missing_images.add("nowhere")
    result = case.run()
    states = {one.name: one.state for one in result.pipelines}
    assert states == {"bad": "failed", "good": "passed", "deploy": "skipped", "tell": "passed"}
    assert [step.state for step in result.pipelines[0].steps] == ["skipped", "passed"]
    with pytest.raises(ImageUnavailable if missing else ServiceStopped):
        result.raise_for_failure()
