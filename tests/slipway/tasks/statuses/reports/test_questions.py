"""What a commit's page says of questions, answers and freezes."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ApprovalMissing, CloudUnavailable, EnvironmentFrozen
from slipway.tasks.statuses.reports import StatusReporter
from tests.fakes.airflow_run import FakeTask
from tests.slipway.tasks.statuses.reports import stages
from tests.slipway.tasks.statuses.reports.stages import (
    DAG_ID,
    FAILED,
    IN_PROGRESS,
    RUN_ID,
    STOPPED_STATE,
    Work,
    raises,
    run,
    stage,
)

store = stages.store


def test_what_may_ask_a_person_says_so_when_it_has_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not before: most of what may be asked about needs no yes."""
    words: Any = {"asks": "waits for approval", "refused": "not approved"}
    assert run(monkeypatch, lambda: None, told=stage("prod"), **words).said == []
    reporter = StatusReporter(stage=stage("prod"), **words)
    with DAG(dag_id=DAG_ID, schedule=None) as dag:
        Work(task_id="checkout")
        task = Work(task_id="test")
    ti: Any = FakeTask(DAG_ID, RUN_ID, task_id="test")
    ti.log_url = "https://airflow"
    context: Any = {"ti": ti, "task": task, "dag": dag, "params": {}}
    outcome = run(monkeypatch, lambda: reporter.on_asked(context), told=stage("prod"))
    assert outcome.said == [(IN_PROGRESS, "waits for approval")]


def test_a_no_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AirflowFailException("Ann said no")
    outcome = run(monkeypatch, raises(error), told=stage("prod"), refused="not approved")
    assert outcome.said == [(STOPPED_STATE, "not approved")]


def test_a_freeze_is_nobodys_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yes that came within a window ends the run; so does a swap that begins within one."""
    frozen = EnvironmentFrozen("frozen by Christmas, until 2 January", advice="later")
    for task_id, refused in (("approve", "not approved"), ("swap.launch", "")):
        told = stage("prod", task_id)
        outcome = run(monkeypatch, raises(frozen), told=told, task_id=task_id, refused=refused)
        said = "left alone: frozen by Christmas, until 2 January"
        assert outcome.said[-1] == (STOPPED_STATE, said)


def test_a_yes_that_does_not_count_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ApprovalMissing("the yes of ann does not count: she started the run", advice="other")
    outcome = run(monkeypatch, raises(own), told=stage("prod"), refused="not approved")
    (said,) = outcome.said
    assert said == (
        STOPPED_STATE,
        "not approved: the yes of ann does not count: she started the run",
    )


@pytest.mark.parametrize("error", [CloudUnavailable("S3 is away"), ZeroDivisionError("a")])
def test_a_question_that_could_not_be_put_was_not_answered(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    outcome = run(monkeypatch, raises(error), told=stage("prod"), refused="not approved")
    ((state, text),) = outcome.said
    assert state == FAILED
    assert "not approved" not in text
