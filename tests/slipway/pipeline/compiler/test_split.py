"""A build in two halves, between which the package begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import PipelineFileError, TestsFailed
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.split import builder_of, first_half, needed_for, second_half
from slipway.pipeline.load import load
from slipway.pipeline.runtime.build_runner import BuildRunner, Worker
from slipway.pipeline.runtime.log_groups import LogGroups
from tests.fakes.container_engine import FakeEngine, Play

if TYPE_CHECKING:
    from slipway.pipeline.compiler.spec import BuildSpec
    from slipway.pipeline.runtime.result import BuildResult


def document(name: str, more: str = "") -> str:
    step = f"{{name: {name}, image: i, commands: [x]}}"
    return f"---\nkind: pipeline\nname: {name}\nsteps: [{step}]\n{more}"


FILE = "".join(
    [
        document("fetch"),
        document("build", "depends_on: [fetch]\n"),
        document("unit"),
        document("browser", "depends_on: [build, unit]\n"),
        document("alarm", "depends_on: [build, browser]\ntrigger: {status: [failure]}\n"),
        document("tell", "depends_on: [browser]\ntrigger: {status: [success, failure]}\n"),
    ]
)


def compiled(text: str = FILE) -> BuildSpec:
    return compile_file(load(text.encode(), file=".drone.yml", trusted=False), Build(id="b"))


def ran(engine: FakeEngine, spec: BuildSpec, worker: Worker | None = None) -> BuildResult:
    runner = BuildRunner(
        engine,
        spec,
        sources=lambda _: b"",
        output=LogGroups(lambda _: None),
        timeout=5,
        worker=worker,
    )
    return runner.run()


def states(result: BuildResult) -> dict[str, str]:
    return {step.name: step.state for step in result.steps}


def test_each_pipeline_runs_in_one_half_and_both_keep_their_names_in_the_whole() -> None:
    spec, engine = compiled(), FakeEngine()
    whole = {one.name: one.id for one in spec.pipelines}
    first, second = first_half(spec, "build"), second_half(spec, "build")
    assert {one.id for one in (*first.pipelines, *second.pipelines)} == set(whole.values())
    assert needed_for(spec, "build") == {"build", "fetch"}
    assert states(ran(engine, first)) == {
        "fetch": "passed",
        "build": "passed",
        "alarm": "skipped",
        "tell": "skipped",
    }
    assert states(ran(engine, second)) == {
        "unit": "passed",
        "browser": "passed",
        "alarm": "skipped",
        "tell": "passed",
    }


def test_what_is_there_for_failures_hears_of_one_in_either_half() -> None:
    engine = FakeEngine({"fetch": Play(exit_code=1)})
    assert states(ran(engine, first_half(compiled(), "build"))) == {
        "fetch": "failed",
        "build": "skipped",
        "alarm": "passed",
        "tell": "passed",
    }
    engine = FakeEngine({"unit": Play(exit_code=1)})
    assert states(ran(engine, second_half(compiled(), "build"))) == {
        "unit": "failed",
        "browser": "skipped",
        "alarm": "passed",
        "tell": "passed",
    }


def test_nothing_may_be_left_for_the_second_half() -> None:
    spec = compiled(document("build"))
    assert ran(FakeEngine(), second_half(spec, "build")).pipelines == ()


def test_a_second_half_for_other_workers_is_passed_over_as_in_the_whole() -> None:
    arm = document("arm", "platform: {os: linux, arch: arm64}\n")
    spec = compiled(document("build") + arm)
    assert states(ran(FakeEngine(), spec)) == {"build": "passed", "arm": "skipped"}
    assert states(ran(FakeEngine(), second_half(spec, "build"))) == {"arm": "skipped"}
    with pytest.raises(TestsFailed, match="no pipeline can run here"):
        ran(FakeEngine(), first_half(spec, "arm"))


def test_whose_workspace_is_meant_is_never_guessed() -> None:
    assert builder_of(compiled(document("only")), None) == "only"
    assert builder_of(compiled(), "build") == "build"
    with pytest.raises(PipelineFileError, match=r"6 pipelines, .*\n.*package: \{from: fetch\}"):
        builder_of(compiled(), None)
    with pytest.raises(PipelineFileError, match=r"no pipeline 'biuld'(.|\n)*did you mean build\?"):
        builder_of(compiled(), "biuld")
