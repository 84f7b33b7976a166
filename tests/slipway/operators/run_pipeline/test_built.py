"""What the pipeline built is signed with the report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.model.facts import TestReport
from slipway.tasks.kept_facts import kept_report
from slipway.tasks.pipeline.share import Part
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.operators.commit_runs import signed
from tests.slipway.operators.run_pipeline import operators
from tests.slipway.operators.run_pipeline.operators import (
    CONTEXT,
    PIPELINE,
    checkout_of,
    operator,
    released,
)
from tests.slipway.pipeline.runtime.workspaces import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

engine = operators.engine
BUILDING = """\
kind: pipeline
name: build
steps: [{name: make, image: go, commands: [make]}]
---
kind: pipeline
name: unit
steps: [{name: unit, image: go, commands: [make test]}]
"""


def in_run(task: str) -> Any:
    return {"ti": SimpleNamespace(dag_id="shop", task_id=task, run_id="commit__built")}


@pytest.fixture
def building(engine: FakeEngine, tmp_path: Path, artifacts: Path) -> FakeEngine:
    """An engine whose step `make` leaves a program."""
    (tmp_path / "src").mkdir()
    workspace = Workspace(tmp_path / "src")
    workspace.write("bin/shop", "program", 0o755)
    paths = ("", "bin", "bin/shop")
    leaves = {f"/drone/src/{path}": b"".join(workspace.read(path)) for path in paths}
    engine.plays["make"] = Play(leaves=leaves)
    return engine


def halves(repository: Repository, sha: str, part: Part, **more: Any) -> TestReport:
    choices = {"built": ["bin/shop"], "built_by": "build", "part": part, **more}
    task = operator(repository, sha, **choices)
    context = in_run("build" if part is Part.FIRST else "test")
    signed(context, checkout=checkout_of(repository, sha))
    return TestReport.from_json(task.execute(context))


def test_what_was_built_is_on_the_report_and_its_digest_is_signed(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING.partition("---")[0])
    built = halves(repository, sha, Part.WHOLE, built_by=None).built
    assert built
    assert (built.files, built.pipeline, built.paths) == (1, "build", ("bin/shop",))
    kept = kept_report(in_run("test"), "test", released(sha))
    assert kept.built == built


def test_nothing_runs_twice_and_both_halves_are_one_report(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    first = halves(repository, sha, Part.FIRST)
    second = halves(repository, sha, Part.SECOND)
    assert [step.name for step in first.steps] == ["make"]
    assert [step.name for step in second.steps] == ["make", "unit"]
    assert second.built == first.built
    assert second.seconds >= first.seconds
    assert [spec.labels["slipway.step"] for spec in building.specs] == ["make", "unit"]
    assert {spec.environment["DRONE_BUILD_NUMBER"] for spec in building.specs} == {"1"}


def test_a_failure_in_either_half_is_the_commits(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    with pytest.raises(AirflowFailException, match="build signed nothing in this run"):
        halves(repository, sha, Part.SECOND)
    halves(repository, sha, Part.FIRST)
    building.plays["unit"] = Play(exit_code=1)
    with pytest.raises(AirflowFailException, match="'unit' failed"):
        halves(repository, sha, Part.SECOND)


def test_a_first_half_of_another_commit_does_not_count(
    repository: Repository, building: FakeEngine
) -> None:
    halves(repository, repository.commit(_dot_drone_dot_yml=BUILDING), Part.FIRST)
    with pytest.raises(AirflowFailException, match="build ran the pipeline of"):
        halves(repository, repository.commit("Another"), Part.SECOND)


def test_a_build_that_was_not_meant_for_the_commit_is_no_failure(
    repository: Repository, building: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    unmet = BUILDING.replace("name: build\n", "name: build\ntrigger: {branch: [release]}\n")
    sha = repository.commit(_dot_drone_dot_yml=unmet)
    with pytest.raises(AirflowSkipException):
        halves(repository, sha, Part.FIRST)
    assert "trigger.branch is [release]" in capsys.readouterr().out


def test_files_of_the_sources_are_not_taken_where_no_step_ran(
    repository: Repository, building: FakeEngine
) -> None:
    """They are there without anybody having built them: a binary that was committed once."""
    skipped = BUILDING.replace("commands: [make]", "commands: [make], when: {branch: [release]}")
    sha = repository.commit(_dot_drone_dot_yml=skipped)
    with pytest.raises(AirflowSkipException):
        halves(repository, sha, Part.FIRST)


def test_a_file_of_several_pipelines_has_to_be_told_apart_before_anything_runs(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    with pytest.raises(AirflowFailException, match=r"2 pipelines(.|\n)*package: \{from: build\}"):
        halves(repository, sha, Part.WHOLE, built_by=None)
    assert building.events == []


def test_what_was_not_built_fails_for_good_with_the_steps_shown(
    repository: Repository, building: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    with pytest.raises(AirflowFailException, match=r"bin/shp: nothing is there; in bin .* shop"):
        halves(repository, sha, Part.FIRST, built=["bin/shp"])
    assert "make" in capsys.readouterr().out
    assert building.leftovers() == []


def test_steps_know_the_version_and_the_time_of_what_they_build(
    repository: Repository, engine: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    operator(repository, sha).execute(CONTEXT)
    environment = engine.specs[0].environment
    assert environment["SLIPWAY_VERSION"] == f"1.0.0+1.g{sha[:7]}"
    assert environment["SOURCE_DATE_EPOCH"] == "0"
