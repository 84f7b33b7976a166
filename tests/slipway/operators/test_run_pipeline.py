from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import ImageUnavailable
from slipway.model.facts import TestReport
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.operators.run_pipeline import operators
from tests.slipway.operators.run_pipeline.operators import CONTEXT, PIPELINE, operator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

engine = operators.engine


def test_a_commits_pipeline_is_run_and_reported(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    task = operator(repository, sha, images={"python": "own/python:3"})
    report = TestReport.from_json(task.execute(CONTEXT))
    assert [(s.name, s.image, s.state) for s in report.steps] == [
        ("lint", "own/python:3", "passed"),
        ("unit", "own/python:3", "passed"),
    ]
    assert engine.leftovers() == []
    spec = engine.specs[0]
    assert spec.environment["DRONE_COMMIT_SHA"] == sha
    assert spec.labels["slipway.task"] == "test"
    assert spec.name.startswith("slipway-")


def test_a_failed_step_fails_for_good_with_its_last_lines(
    repository: Repository, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.plays["unit"] = Play(exit_code=2, lines=("1 failed",))
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    with pytest.raises(AirflowFailException, match="'unit' failed with exit code 2\n    1 failed"):
        operator(repository, sha).execute(CONTEXT)


def test_no_pipeline_file_fails_for_good(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit()
    with pytest.raises(AirflowFailException, match=r"no \.drone\.yml(.|\n)*test: \{pipeline"):
        operator(repository, sha).execute(CONTEXT)
    assert engine.events == []


def test_a_malformed_pipeline_file_fails_for_good_at_its_place(
    repository: Repository, engine: FakeEngine
) -> None:
    sha = repository.commit(ci__drone_dot_yml="kind: pipeline\nsteps:\n- {nam: x}\n")
    with pytest.raises(AirflowFailException, match=r"ci/drone\.yml:3:4: .*did you mean `name`"):
        operator(repository, sha, pipeline_file="ci/drone.yml").execute(CONTEXT)


WARNED = "kind: pipeline\nshared: x\nsteps: [{name: unit, image: i, commands: [x]}]\n"


def test_what_drone_passes_over_is_in_the_log_with_its_place(
    repository: Repository, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=WARNED)
    operator(repository, sha).execute(CONTEXT)
    logged = capsys.readouterr().out
    assert "warning: .drone.yml:2:1: there is no key `shared` here" in logged
    assert "| ^^^^^^" in logged


def test_a_strict_project_refuses_what_drone_passes_over(
    repository: Repository, engine: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=WARNED)
    with pytest.raises(AirflowFailException, match="no key `shared` here"):
        operator(repository, sha, strict=True).execute(CONTEXT)
    assert engine.events == []


def test_killing_stops_the_runner(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    task = operator(repository, sha)
    task.on_kill()  # before it runs there is nothing to remove
    assert engine.events == []
    task.execute(CONTEXT)
    task.on_kill()
    assert engine.events[-1] == "remove all"


def test_a_commit_that_nothing_is_for_ends_the_run_without_a_failure_and_says_why(
    repository: Repository, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE + "trigger: {branch: [release]}\n")
    with pytest.raises(AirflowSkipException):
        operator(repository, sha).execute(CONTEXT)
    assert engine.events == []
    log = capsys.readouterr().out
    assert "pipeline default: trigger.branch is [release], the build's is main" in log
    assert "what to do: look at `trigger` and `when`" in log


def test_a_commit_that_is_built_again_has_a_higher_number(
    repository: Repository, engine: FakeEngine, artifacts: Path
) -> None:
    """Also where a tag has come in between, since which there are fewer commits."""
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    for _ in range(2):
        operator(repository, sha).execute(CONTEXT)
        repository.git("tag", "--force", "v1.0.0")
    numbers = [spec.environment["DRONE_BUILD_NUMBER"] for spec in engine.specs]
    assert list(dict.fromkeys(numbers)) == ["1", "2"]


def test_a_commit_whose_files_in_lfs_cannot_be_had_fails_for_good_unless_pointers_are_meant(
    repository: Repository, engine: FakeEngine
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1\n"
    sha = repository.commit(
        _dot_drone_dot_yml=PIPELINE, _dot_gitattributes="*.bin filter=lfs\n", model_dot_bin=pointer
    )
    with pytest.raises(AirflowFailException, match=r"model\.bin lies in Git LFS"):
        operator(repository, sha).execute(CONTEXT)
    assert engine.leftovers() == []
    operator(repository, sha, lfs="pointers").execute(CONTEXT)


def test_a_commit_that_ends_its_pipeline_early_is_green_and_no_release(
    repository: Repository, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.plays["lint"] = Play(exit_code=78)
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    with pytest.raises(AirflowSkipException):
        operator(repository, sha).execute(CONTEXT)
    log = capsys.readouterr().out
    assert "step lint: ended the pipeline early with exit code 78" in log
    assert "step unit: lint ended the pipeline early (exit code 78)" in log
    engine.plays = {"unit": Play(exit_code=78)}
    report = TestReport.from_json(operator(repository, sha).execute(CONTEXT))
    assert [(step.state, step.exit_code) for step in report.steps] == [
        ("passed", 0),
        ("passed", 78),
    ]


def test_an_image_that_cannot_be_had_is_tried_again(
    repository: Repository, engine: FakeEngine
) -> None:
    engine.missing_images.add("python")
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    with pytest.raises(ImageUnavailable, match="'lint' was not started: image python "):
        operator(repository, sha).execute(CONTEXT)
