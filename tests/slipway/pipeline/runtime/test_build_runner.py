"""Several pipelines of one file."""

from __future__ import annotations

import pytest

from slipway.exceptions import NothingRan, TestsFailed
from slipway.pipeline.runtime.build_runner import Worker
from slipway.pipeline.runtime.step_table import step_table
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.builds import Case, pipeline


def test_pipelines_run_after_those_that_they_depend_on() -> None:
    case = Case(pipeline("b", "depends_on: [a]"), pipeline("a"))
    result = case.run()
    assert [(one.name, one.state) for one in result.pipelines] == [("b", "passed"), ("a", "passed")]
    events = case.engine.events
    assert events.index("end run-2-step-1-a") < events.index("start run-1-step-1-b")
    assert [row.split()[:2] for row in step_table(result.steps)[1:]] == [["b:", "b"], ["a:", "a"]]


def test_what_depends_on_a_failed_pipeline_is_not_run_but_a_notification_is() -> None:
    case = Case(
        pipeline("a"),
        pipeline("b", "depends_on: [a]"),
        pipeline("tell", "depends_on: [a, b]\ntrigger: {status: [failure]}"),
        a=Play(exit_code=1),
    )
    result = case.run()
    assert [one.state for one in result.pipelines] == ["failed", "skipped", "passed"]
    assert "pipeline b was not run: after the failure of a" in case.log
    told = {spec.name: spec.environment for spec in case.engine.specs}["run-3-step-1-tell"]
    assert told["DRONE_FAILED_STAGES"] == "a"
    assert told["DRONE_BUILD_STATUS"] == "failure"
    with pytest.raises(TestsFailed, match="'a' failed"):
        result.raise_for_failure()


def test_a_pipeline_whose_trigger_is_unmet_is_said_to_be_left_out() -> None:
    case = Case(pipeline("a", "trigger: {event: tag}"), pipeline("b"))
    result = case.run()
    assert [one.state for one in result.pipelines] == ["skipped", "passed"]
    assert "pipeline a was not run: trigger.event is [tag], the build's is push" in case.log


def test_a_pipeline_for_another_platform_is_left_out_with_what_waits_for_it() -> None:
    case = Case(
        pipeline("amd"),
        pipeline("arm", "platform: {arch: arm64}"),
        pipeline("manifest", "depends_on: [amd, arm]"),
    )
    result = case.run()
    assert [one.note for one in result.pipelines] == [
        "",
        "wants a worker for linux/arm64",
        "waits for arm, which is not run here",
    ]


def test_nodes_labels_are_the_workers() -> None:
    text = pipeline("a", "node: {size: large}")
    assert Case(text, worker=Worker(labels={"size": "large"})).run().pipelines[0].state == "passed"
    with pytest.raises(TestsFailed, match="wants a worker with size: large"):
        Case(text).run()


def test_sources_come_as_deep_as_each_pipeline_wants_them() -> None:
    case = Case(
        pipeline("a", "clone: {depth: 7}"),
        pipeline("b", "depends_on: [a]"),
        pipeline("c", "depends_on: [b]\nclone: {disable: true}"),
    )
    case.run()
    assert case.depths == [7, 0]
    assert [e for e in case.engine.events if e.startswith("put")] == [
        "put run-1-step-1-a",
        "put run-2-step-1-b",
    ]


# What "passed" means


def nothing_ran(case: Case) -> str:
    with pytest.raises(NothingRan) as caught:
        case.run().raise_for_failure()
    return str(caught.value)


def test_a_commit_that_no_trigger_is_for_is_no_release_and_the_condition_is_told() -> None:
    case = Case(pipeline("a", "trigger: {branch: [main]}"))
    assert "  pipeline a: trigger.branch is [main], the build's is empty" in nothing_ran(case)
    assert case.engine.specs == []


def test_a_file_whose_pipelines_are_for_tags_and_steps_for_others_is_no_release() -> None:
    case = Case(
        pipeline("tags", "trigger: {event: [tag]}"),
        "name: mixed\nsteps: [{name: x, image: i, when: {branch: x}},"
        " {name: y, image: i, when: {target: y}}]",
    )
    told = nothing_ran(case)
    assert "  pipeline tags: trigger.event is [tag], the build's is push" in told
    assert "  mixed, step x: when.branch is [x], the build's is empty" in told
    assert "  mixed, step y: when.target is [y], the build's is empty" in told


def test_services_and_steps_in_the_background_show_nothing() -> None:
    case = Case(
        "services: [{name: db, image: i}]\n"
        "steps: [{name: web, image: i, detach: true}, {name: t, image: i, when: {event: tag}}]"
    )
    told = nothing_ran(case)
    assert "step web: ran in the background" in told
    assert "step t: when.event is [tag]" in told


def test_a_step_that_only_brings_the_sources_shows_nothing() -> None:
    text = "clone: {disable: true}\nsteps: [{name: clone, image: i}]"
    assert "only brings the sources" in nothing_ran(Case(text))


def test_a_failure_that_is_ignored_is_no_pass() -> None:
    case = Case("steps: [{name: lint, image: i, failure: ignore}]", lint=Play(exit_code=3))
    assert "failed with exit code 3, which is ignored" in nothing_ran(case)


def test_a_step_for_failures_alone_is_no_pass() -> None:
    case = Case("steps: [{name: tell, image: i, when: {status: [failure]}}]")
    assert "pipeline default: nothing failed" in nothing_ran(case)


def test_a_pipeline_for_another_worker_and_one_for_tags_are_no_pass() -> None:
    case = Case(
        pipeline("arm", "platform: {arch: arm64}"), pipeline("tags", "trigger: {event: tag}")
    )
    told = nothing_ran(case)
    assert "wants a worker for linux/arm64" in told
    assert "trigger.event is [tag]" in told


def test_one_step_that_passed_is_enough_and_the_others_are_on_record() -> None:
    case = Case(pipeline("a", "trigger: {event: tag}", step="x"), pipeline("b"))
    result = case.run()
    result.raise_for_failure()
    assert [(one.pipeline, one.name, one.state, one.note) for one in result.steps] == [
        ("a", "x", "skipped", "trigger.event is [tag], the build's is push"),
        ("b", "b", "passed", ""),
    ]


def test_a_failure_comes_before_nothing_having_passed() -> None:
    case = Case(pipeline("a"), a=Play(exit_code=1))
    with pytest.raises(TestsFailed, match="'a' failed"):
        case.run().raise_for_failure()


def test_a_long_file_of_which_nothing_runs_is_told_briefly() -> None:
    steps = ", ".join(f"{{name: s{n}, image: i, when: {{branch: b{n}}}}}" for n in range(60))
    told = nothing_ran(Case(f"steps: [{steps}]"))
    assert "... and 40 more" in told
