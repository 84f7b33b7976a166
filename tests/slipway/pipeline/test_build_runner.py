"""Several pipelines of one file."""

from __future__ import annotations

import pytest

from slipway.exceptions import TestsFailed
from slipway.pipeline.build_runner import BuildRunner, Worker
from slipway.pipeline.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.log_groups import LogGroups
from slipway.pipeline.result import BuildResult
from slipway.pipeline.step_table import step_table
from tests.fakes.container_engine import FakeEngine, Play


class Case:
    """A file on a fake engine: each pipeline's text without its head."""

    def __init__(self, *pipelines: str, worker: Worker | None = None, **plays: Play) -> None:
        self.engine = FakeEngine(plays)
        self.log: list[str] = []
        self.depths: list[int] = []
        text = "---\n".join(f"kind: pipeline\n{one}\n" for one in pipelines)
        spec = compile_file(
            load(text.encode(), file="f", trusted=False),
            Build(id="run", labels={"slipway.run": "1"}),
        )
        self.runner = BuildRunner(
            self.engine, spec, sources=self._sources, output=LogGroups(self.log.append),
            timeout=10, worker=worker,
        )  # fmt: skip

    def _sources(self, depth: int) -> bytes:
        self.depths.append(depth)
        return b"tar"

    def run(self) -> BuildResult:
        try:
            return self.runner.run()
        finally:
            assert self.engine.leftovers() == []


def pipeline(name: str, more: str = "", step: str = "") -> str:
    return f"name: {name}\n{more}\nsteps: [{{name: {step or name}, image: i}}]"


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
        "", "wants a worker for linux/arm64", "waits for arm, which is not run here",
    ]  # fmt: skip


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
        "put run-1-step-1-a", "put run-2-step-1-b",
    ]  # fmt: skip
