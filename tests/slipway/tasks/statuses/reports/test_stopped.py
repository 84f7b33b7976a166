"""What ended for another's sake is stopped, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import PipelineStopped, UnhealthyRelease
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.tasks.making_way.closing import CLOSED, PullRequestClosed
from slipway.tasks.making_way.side_by_side import STOPPED
from slipway.tasks.making_way.superseded_run import SUPERSEDED_BY, Superseded
from slipway.tasks.statuses.reports import Says
from tests.slipway.tasks.statuses.reports import stages
from tests.slipway.tasks.statuses.reports.stages import (
    DAG_ID,
    FAILED,
    RECORD,
    RUN_ID,
    STOPPED_STATE,
    raises,
    run,
    stage,
)

store = stages.store


def test_a_task_that_stops_since_another_failed_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AirflowFailException("stopped, because test failed")
    outcome = run(
        monkeypatch,
        raises(error),
        task_id="build_deb",
        told=stage("package", "build_deb"),
        begins="builds",
        xcoms={("build_deb", STOPPED): ["test"]},
    )
    assert outcome.said[-1] == (STOPPED_STATE, "stopped, because test failed")


def test_a_bake_that_stops_beside_its_preflight_hides_no_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = stage("dev", "preflight", "bake_image")
    missing = UnhealthyRelease("DATABASE_URL is missing", advice="set it")
    run(monkeypatch, raises(missing), task_id="preflight", told=both)
    outcome = run(
        monkeypatch,
        raises(AirflowFailException("stopped, because preflight failed")),
        task_id="bake_image",
        told=both,
        xcoms={("bake_image", STOPPED): ["preflight"]},
    )
    assert outcome.said == [(FAILED, "preflight: DATABASE_URL is missing")]


def test_a_pipeline_that_somebody_stopped_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = run(monkeypatch, raises(PipelineStopped("stopped")), passed=Says.TESTS)
    assert outcome.said == [(STOPPED_STATE, "stopped")]


def test_a_skipped_stage_is_stopped_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    skip = raises(AirflowSkipException("frozen"))
    outcome = run(monkeypatch, skip, told=stage("dev"), skipped="left alone: a freeze")
    assert outcome.said == [(STOPPED_STATE, "left alone: a freeze")]
    assert run(monkeypatch, skip, told=stage("qa")).notes == outcome.notes


@pytest.mark.parametrize("task_id", ["test", "checkout"])
def test_what_ended_with_its_pull_request_is_stopped_and_says_so(
    monkeypatch: pytest.MonkeyPatch, task_id: str
) -> None:
    reason = "pull request 7 was merged"
    event = Event.pull_request(7, branch="main", source="topic", fork=False)
    sha = RECORD.checkout.release.sha
    RunFacts(artifact_store(), dag_id=DAG_ID, run_id=RUN_ID).announce(event, sha)
    outcome = run(
        monkeypatch,
        raises(PullRequestClosed(reason)),
        task_id=task_id,
        checkout=task_id != "checkout",
        told=stage("test", task_id),
        xcoms={(task_id, CLOSED): reason},
        skipped="nothing of it is for this commit",
    )
    assert (outcome.state, outcome.said) == ("skipped", [(STOPPED_STATE, reason)])
    assert outcome.notes[0].status.sha == sha


def test_a_superseded_stage_names_the_newer_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[tuple[str, str], Any] = {("test", SUPERSEDED_BY): "3f2a1b7"}
    outcome = run(monkeypatch, raises(Superseded("3f2a1b7")), xcoms=told, skipped="not for it")
    assert outcome.state == "skipped"
    assert outcome.said == [(STOPPED_STATE, "superseded by 3f2a1b7")]
