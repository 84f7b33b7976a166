"""Secrets reach only commits that are delivered, and leave the task in nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ToolFailed
from slipway.model.event import Event
from slipway.model.facts import TestReport
from slipway.operators import run_pipeline
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.pipeline import secrets as pipeline_secrets
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.operators.commit_runs import let_in, signed
from tests.slipway.operators.run_pipeline import operators
from tests.slipway.operators.run_pipeline.operators import CONTEXT, PIPELINE, checkout_of, operator
from tests.slipway.pipeline.built.tars import packed

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

engine = operators.engine
PLUGIN = "kind: pipeline\nsteps:\n- {name: image, image: plugins/docker, settings: {repo: a/b}}\n"


def test_a_plugin_has_every_right_where_the_operator_names_it_and_the_log_says_where_not(
    repository: Repository,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PLUGIN)
    operator(repository, sha).execute(CONTEXT)
    assert not engine.specs[-1].security.privileged
    log = capsys.readouterr().out
    told = log.index("plugins/docker needs a privileged container, and runs without")
    assert told < log.index("::group::step image")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__PRIVILEGED_PLUGINS", "plugins/ecr, plugins/docker")
    operator(repository, sha).execute(CONTEXT)
    assert engine.specs[-1].security.privileged
    assert "needs a privileged container" not in capsys.readouterr().out
    monkeypatch.setenv("AIRFLOW__SLIPWAY__PRIVILEGED_PLUGINS", "plugins/*")
    with pytest.raises(AirflowFailException, match="privileged_plugins"):
        operator(repository, sha).execute(CONTEXT)


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
    monkeypatch.setattr(pipeline_secrets, "read_secrets", lambda sources, names: values)
    return values


def leaking(name: str, message: str) -> bytes:
    report = f"<testsuite><testcase name='{name}'><failure>{message}</failure></testcase>"
    return packed("report.xml", f"{report}</testsuite>".encode())


def test_a_failed_pipeline_still_knows_its_tests_and_no_secret(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str]
) -> None:
    secret = secrets["token"]
    engine.plays["unit"] = Play(
        exit_code=1,
        leaves={"/drone/src/report.xml": leaking(f"t {secret}", f"test_a.py:3: {secret}")},
    )
    sha = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, sha, reports=["report.xml"], secrets={"token": "variable:t"})
    with pytest.raises(AirflowFailException):
        task.execute(CONTEXT)
    assert task.counts is not None
    (failed,) = task.counts.failed
    assert (failed.path, failed.line) == ("test_a.py", 3)
    assert secret not in str(task.counts)


def test_no_secret_leaves_the_task_in_log_xcom_or_error(
    repository: Repository,
    engine: FakeEngine,
    secrets: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
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


@pytest.mark.parametrize("fork", [True, False])
def test_a_strangers_pull_request_gets_no_trust_and_no_login(
    repository: Repository, engine: FakeEngine, fork: bool
) -> None:
    """Its pipeline file is theirs, and so are the images that it names."""
    event = Event.pull_request(7, branch="main", source="topic", fork=fork)
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    checkout = replace(checkout_of(repository, sha), event=event)
    signed(CONTEXT, checkout=checkout)
    let_in(CONTEXT, checkout)
    task = RunPipelineOperator(
        task_id="test",
        checkout=checkout.to_json(),
        repository=repository.source,
        trusted=True,
        registry_login=True,
    )
    with (
        mock.patch.object(
            run_pipeline, "compile_file", side_effect=ToolFailed("as far as this")
        ) as made,
        mock.patch.object(run_pipeline, "registry_login", return_value="login"),
        pytest.raises(ToolFailed),
    ):
        task.execute(CONTEXT)
    assert made.call_args.args[1].trusted is not fork
    with mock.patch.object(run_pipeline, "registry_login", return_value="login"):
        assert task._logins(checkout) == (() if fork else ("login",))
