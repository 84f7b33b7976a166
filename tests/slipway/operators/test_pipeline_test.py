from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.facts import Checkout, Release, TestReport
from slipway.operators import pipeline_test
from slipway.operators.pipeline_test import PipelineTestOperator
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.operators.commit_runs import signed
from tests.slipway.pipeline.tars import packed

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


def checkout_of(repository: Repository, sha: str) -> Checkout:
    return Checkout(
        release=Release(project="shop", sha=sha, version=f"1.0.0+1.g{sha[:7]}"),
        repository=repository.url, ref="main", branch="main", message="m", author_name="Ada",
        author_email="a@example.com", committed_at=0,
    )  # fmt: skip


def operator(repository: Repository, sha: str, **options: Any) -> PipelineTestOperator:
    checkout = checkout_of(repository, sha)
    signed(CONTEXT, checkout=checkout)
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


SECRET_PIPELINE = """\
kind: pipeline
steps:
- name: unit
  image: python
  environment: {T: {from_secret: token}}
  commands: [pytest]
"""


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {"token": "tok-5f3a9c77"}
    monkeypatch.setattr(pipeline_test, "read_secrets", lambda sources, names: values)
    return values


def leaking(name: str, message: str) -> bytes:
    report = f"<testsuite><testcase name='{name}'><failure>{message}</failure></testcase>"
    return packed("report.xml", f"{report}</testsuite>".encode())


def test_no_secret_leaves_the_task_in_log_xcom_or_error(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    secret = secrets["token"]
    encoded = base64.b64encode(f"a:{secret}".encode()).decode()
    wrapped = f"{encoded[:8]}\n{encoded[8:]}"
    engine.plays["unit"] = Play(
        lines=(f"+ {secret}", wrapped, "x" * 65_530 + secret),
        leaves={"/drone/src/report.xml": leaking(f"t {secret}", wrapped)},
    )
    sha = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, sha, reports=["report.xml"], secrets={"token": "variable:t"})
    fact = task.execute(CONTEXT)
    report = TestReport.from_json(fact)
    assert report.counts is not None
    assert report.counts.failed[0].name == "t ******"
    engine.plays["unit"] = Play(lines=(secret, wrapped), exit_code=1)
    with pytest.raises(AirflowFailException) as caught:
        operator(repository, sha, secrets={"token": "variable:t"}).execute(CONTEXT)
    assert "******" in str(caught.value)
    log = capsys.readouterr().out
    assert log.count("******") > 4
    left = f"{log}{json.dumps(fact)}{caught.value}"
    for hidden in (secret, "5f3a9c77", encoded[3:12], encoded[12:18]):
        assert hidden not in left


def test_a_secret_that_is_a_word_of_the_record_does_not_break_it(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str]
) -> None:
    secrets["token"] = "passed"
    sha = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, sha, secrets={"token": "variable:t"})
    report = TestReport.from_json(task.execute(CONTEXT))
    assert report.steps[0].state == "passed"
    assert report.release.sha == sha


STRANGER: Any = {"ti": SimpleNamespace(dag_id="shop", task_id="test", run_id="manual__1")}


def test_a_strangers_commit_that_was_written_into_xcom_gets_no_secret(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str]
) -> None:
    """Checkout refused it, was marked as successful, and its XCom was written by hand."""
    repository.commit(_dot_drone_dot_yml=PIPELINE)
    repository.git("checkout", "--quiet", "-b", "stranger")
    evil = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, evil, secrets={"token": "variable:t"})
    with pytest.raises(AirflowFailException, match="checkout signed nothing in this run"):
        task.execute(STRANGER)
    signed(STRANGER, checkout=checkout_of(repository, repository.git("rev-parse", "main")))
    with pytest.raises(AirflowFailException, match="told something else than checkout"):
        task.execute(STRANGER)
    assert engine.events == []
