"""A container that the engine refuses to make or to start fails its step, and nothing else."""

from __future__ import annotations

import pytest

from slipway.exceptions import TestsFailed
from slipway.pipeline.load import load
from slipway.pipeline.runtime.readiness import ServiceStopped
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.runner.cases import Case, steps

ON_FAILURE = "when: {status: [failure]}"


@pytest.mark.parametrize("what", ["create", "start"])
@pytest.mark.parametrize("first", [True, False])
def test_only_the_step_fails_and_steps_for_failures_run(what: str, *, first: bool) -> None:
    before = {} if first else {"z": ""}
    case = Case(steps(**before, a="", b="", c=ON_FAILURE), {"a": Play(refused=what)})
    result = case.run()
    assert {step.name: step.state for step in result.steps} == {
        **dict.fromkeys(before, "passed"),
        "a": "failed",
        "b": "skipped",
        "c": "passed",
    }
    (note,) = [step.note for step in result.steps if step.name == "a"]
    assert note == "not started: the container engine refuses it: that is no path"
    assert any("what to do: begin it with /" in line for line in case.log)
    assert not any("killed" in line for line in case.log)
    with pytest.raises(TestsFailed, match="step 'a' was not started: the container engine"):
        BuildResult(pipelines=(result,), seconds=0).raise_for_failure()


def test_a_refused_step_whose_failure_is_ignored_holds_nobody_up() -> None:
    case = Case(steps(a="failure: ignore", b=""), {"a": Play(refused="start")})
    assert case.states() == {"a": "failed", "b": "passed"}


def test_a_refused_step_in_the_background_fails_alone() -> None:
    case = Case(steps(a="detach: true", b=""), {"a": Play(refused="start")})
    assert case.states() == {"a": "failed", "b": "passed"}


@pytest.mark.parametrize(
    "play", [Play(refused="create"), Play(refused="start"), Play(no_program=True)]
)
def test_a_refused_service_fails_the_pipeline_for_good(play: Play) -> None:
    text = f"services: [{{name: db, image: i}}]\n{steps(a='', b=ON_FAILURE)}"
    case = Case(text, {"db": play})
    with pytest.raises(ServiceStopped, match="service 'db' cannot be started"):
        case.run()
    assert {step.name: step.state for step in case.runner.ended} == {"a": "skipped", "b": "passed"}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("working_dir: rel/x", "f:3:42: the engine refuses `rel/x` as a folder"),
        ("volumes: [{name: v, path: rel}]", "f:3:55: the engine mounts nothing at `rel`"),
    ],
)
def test_a_relative_path_is_told_beforehand(more: str, place: str) -> None:
    head = "kind: pipeline\nvolumes: [{name: v, temp: {}}]\n"
    text = f"{head}steps: [{{name: a, image: i, {more}}}]"
    file = load(text.encode(), file="f", trusted=False)
    assert [str(warning).split(",")[0] for warning in file.warnings] == [place]
    assert [warning.rule for warning in file.warnings] == ["relative-path"]
