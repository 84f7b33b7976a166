"""What still begins once something has failed, or has ended the pipeline early."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import ImageUnavailable, NothingRan, TestsFailed
from slipway.pipeline.runtime.readiness import ServiceStopped
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime import test_build_runner
from tests.slipway.pipeline.runtime.test_build_runner import pipeline
from tests.slipway.pipeline.runtime.test_runner import Case, steps

if TYPE_CHECKING:
    from slipway.model.container import ImageFacts
    from slipway.pipeline.runtime.result import PipelineResult

ON_FAILURE, ALWAYS = "when: {status: [failure]}", "when: {status: [success, failure]}"
APART = "depends_on: [clone]"


class Begun(threading.Event):
    """Set as soon as another container has begun."""

    def __init__(self, made: list[Case], name: str) -> None:
        super().__init__()
        self._made, self._name = made, name

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        return f"start {self._name}" in self._made[0].engine.events


class Known(threading.Event):
    """Set as soon as the run knows of a failure, or of an early end."""

    def __init__(self, made: list[Case]) -> None:
        super().__init__()
        self._made = made

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(timeout or 0)
        schedule = self._made[0].runner._steps._schedule
        return bool(schedule.failed or schedule._ended_early)


def outcome(result: PipelineResult) -> dict[str, str]:
    return {step.name: step.state for step in result.steps}


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

    case = test_build_runner.Case(
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


# Ended early


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
    case = test_build_runner.Case(
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


# Images


def images(**named: str) -> str:
    found = [name.partition("__") for name in named]
    return "steps:\n" + "".join(
        f"- {{name: {name}, image: {image or 'i'}, {more}}}\n"
        for (name, _, image), more in zip(found, named.values(), strict=True)
    )


def test_the_image_of_a_step_that_is_not_reached_may_be_anything() -> None:
    case = Case(images(test="", late__nowhere="", tell=ON_FAILURE), {"test": Play(exit_code=1)})
    case.engine.missing_images.add("nowhere")
    result = case.run()
    assert outcome(result) == {"test": "failed", "late": "skipped", "tell": "passed"}
    with pytest.raises(TestsFailed, match="'test' failed with exit code 1"):
        BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()


def test_an_image_for_failures_alone_is_not_asked_for_when_all_is_well() -> None:
    case = Case(images(test="", tell__nowhere=ON_FAILURE))
    case.engine.missing_images.add("nowhere")
    assert outcome(case.run()) == {"test": "passed", "tell": "skipped"}
    assert [image for image, _ in case.engine.pulls] == ["i"]


def test_without_its_image_a_step_fails_and_what_is_for_failures_runs() -> None:
    case = Case(images(first__nowhere="", then="", tell=ON_FAILURE))
    case.engine.missing_images.add("nowhere")
    result = case.run()
    assert outcome(result) == {"first": "failed", "then": "skipped", "tell": "passed"}
    assert any("nowhere is neither here" in line for line in case.log)
    assert [e for e in case.engine.events if e.startswith("put")] == ["put run-step-2-then"]


def test_a_missing_image_may_be_ignored_like_any_failure() -> None:
    case = Case(images(lint__nowhere="failure: ignore", test=""))
    case.engine.missing_images.add("nowhere")
    assert outcome(case.run()) == {"lint": "failed", "test": "passed"}


def test_an_image_that_an_earlier_step_pushes_is_there_at_its_turn() -> None:
    made: list[Case] = []

    class Push(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            time.sleep(timeout or 0)
            asked = [image for image, _ in made[0].engine.pulls]
            if "built" in asked:
                made[0].engine.missing_images.clear()
            return "built" in asked

    made.append(Case(images(push="", use__built=""), {"push": Play(until=Push())}))
    made[0].engine.missing_images.add("built")
    assert outcome(made[0].run()) == {"push": "passed", "use": "passed"}


def test_a_name_that_is_none_fails_its_step_and_no_other_try_helps() -> None:
    case = Case("steps: [{name: a, image: 'x', commands: [ls]}]")
    case.engine.missing_images.add("x")
    result = case.run()
    with pytest.raises(ImageUnavailable):
        BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()


def test_a_service_without_its_image_is_said_before_any_step() -> None:
    case = Case("services: [{name: db, image: nowhere}]\n" + steps(a=""))
    case.engine.missing_images.add("nowhere")
    with pytest.raises(ImageUnavailable, match="nowhere"):
        case.run()
    assert not [e for e in case.engine.events if e.startswith("start run-step")]


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
    case = test_build_runner.Case(
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
