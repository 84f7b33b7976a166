"""An image that cannot be had fails the step whose turn it is."""

from __future__ import annotations

import threading
import time

import pytest

from slipway.exceptions import ImageUnavailable, TestsFailed
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.after_a_failure.begun import ON_FAILURE, images, outcome
from tests.slipway.pipeline.runtime.runner.cases import Case, steps


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
