from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.facts import Checkout, Release, TestReport
from slipway.operators import pipeline_test
from slipway.operators.pipeline_test import PipelineTestOperator
from tests.fakes.container_engine import FakeEngine, Play

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

PIPELINE = """\
kind: pipeline
steps:
- {name: lint, image: python, commands: [ruff check]}
- {name: unit, image: python, commands: [pytest]}
"""
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop", task_id="test", run_id="commit__1")}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(pipeline_test, "container_engine", lambda _: engine)
    return engine


def operator(repository: Repository, sha: str, **options: Any) -> PipelineTestOperator:
    checkout = Checkout(
        release=Release(project="shop", sha=sha, version=f"1.0.0+1.g{sha[:7]}"),
        repository=repository.url, ref="main", branch="main", message="m", author_name="Ada",
        author_email="a@example.com", committed_at=0,
    )  # fmt: skip
    return PipelineTestOperator(
        task_id="test", checkout=checkout.to_json(), url=repository.url, **options
    )


def test_a_commits_pipeline_is_run_and_reported(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    task = operator(repository, sha, images={"python": "own/python:3"})
    report = TestReport.from_json(task.execute(CONTEXT))
    assert [(s.name, s.image, s.state) for s in report.steps] == [
        ("lint", "own/python:3", "passed"), ("unit", "own/python:3", "passed"),
    ]  # fmt: skip
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


def test_killing_stops_the_runner(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    task = operator(repository, sha)
    task.on_kill()  # before it runs there is nothing to remove
    assert engine.events == []
    task.execute(CONTEXT)
    task.on_kill()
    assert engine.events[-1] == "remove all"
