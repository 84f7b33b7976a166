"""A stranger's pull request whose pipeline prints all that it can see, in real containers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.model.facts import TestReport
from slipway.operators.proposals.approve_commit import ApproveCommitOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.policies.pull_requests import Asks
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.proposing import propose
from tests.slipway.operators.proposals.pull_requests import RUN, check_out, pull_request

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("artifacts")]

SECRET = "correct-horse-battery"
# What would be masked is counted.
PIPELINE = """\
kind: pipeline
steps:
- name: look
  image: debian:12
  environment: {TOKEN: {from_secret: token}}
  commands:
  - echo "told $(printf %s "$TOKEN" | wc -c) characters"
  - env | cut -d= -f1 | sort | tr '\\\\n' ' '
  - cat other topic
"""


@pytest.mark.parametrize("fork", [True, False])
def test_a_forks_pipeline_sees_no_secret_and_a_branchs_does(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fork: bool,
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_TOKEN", SECRET)
    repository.commit(_dot_drone_dot_yml=PIPELINE)
    head = propose(repository, topic="proposed")
    repository.commit(other="delivered")
    checkout = check_out(repository, said=(pull_request(fork=fork), head))
    common: dict[str, Any] = {"checkout": checkout.to_json(), "repository": repository.source}
    ask = ApproveCommitOperator(
        task_id="approve_commit", asks=Asks.FORKS, paths=(".drone.yml",), **common
    )
    ask.execute(replace(RUN, task_id="approve_commit").context)
    test = RunPipelineOperator(
        task_id="test",
        images={"debian:12": "slipway/debian:12"},
        secrets={"token": "variable:token"},
        numbers="shop.pr",
        **common,
    )
    context = replace(RUN, task_id="test").context
    report = TestReport.from_json(test.execute(context))
    assert [step.state for step in report.steps] == ["passed"]
    told = capsys.readouterr().out
    assert f"told {0 if fork else len(SECRET)} characters" in told
    assert SECRET not in told
    assert "DRONE_PULL_REQUEST" in told
