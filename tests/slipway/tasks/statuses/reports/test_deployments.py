"""What a commit's page says of deployments."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from slipway.exceptions import UnhealthyRelease
from slipway.tasks.statuses.reports import Says
from tests.slipway.operators.releases import catalogue
from tests.slipway.tasks.statuses.reports import stages
from tests.slipway.tasks.statuses.reports.stages import (
    FAILED,
    RECORD,
    SUCCESSFUL,
    VERSION,
    Outcome,
    Work,
    raises,
    run,
    stage,
)

if TYPE_CHECKING:
    import pytest

store = stages.store


def test_a_failed_deployment_names_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UnhealthyRelease("2 of 2 machines answer 500", advice="look")
    task = "swap.fleet_healthy"
    outcome = run(monkeypatch, raises(error), task_id=task, told=stage("dev", task))
    assert outcome.said == [(FAILED, "fleet_healthy: 2 of 2 machines answer 500")]


def test_a_release_that_was_rolled_back_says_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = ("swap.fleet_healthy", "swap.roll_back")
    outcome = run(
        monkeypatch,
        lambda: None,
        task_id="swap.roll_back",
        told=stage("dev", *tasks),
        passed=Says.ROLLED_BACK,
        states={"swap.fleet_healthy": "failed"},
    )
    assert outcome.said == [(FAILED, "rolled back: fleet_healthy failed")]


def test_a_run_that_launched_nothing_is_not_called_rolled_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Work, "went_back", False, raising=False)
    outcome = run(monkeypatch, lambda: None, told=stage("dev"), passed=Says.ROLLED_BACK)
    assert (outcome.state, outcome.said) == ("success", [])


def deployed(monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], **more: Any) -> Outcome:
    task = "swap.record_deployment"
    return run(
        monkeypatch,
        lambda: None,
        task_id=task,
        told=stage("prod", "swap.retire_old", task),
        passed=Says.SERVING,
        checkout=False,
        xcoms={
            ("choose_release", "release"): told,
            ("swap.retire_old", "return_value"): {"instance_ids": ["i-1", "i-2"]},
        },
        **more,
    )


def test_a_release_that_serves_is_told_on_its_own_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue(VERSION)
    outcome = deployed(monkeypatch, RECORD.checkout.release.to_json())
    assert outcome.said == [(SUCCESSFUL, f"serving {VERSION} on 2 machines")]
    assert outcome.notes[0].status.sha == RECORD.checkout.release.sha
    assert outcome.notes[0].status.key == "slipway/prod"


def test_whoever_edits_what_tasks_told_each_other_makes_no_commit_green(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue(VERSION)
    other = dataclasses.replace(RECORD.checkout.release, sha="f" * 40)
    outcome = deployed(monkeypatch, other.to_json())
    assert (outcome.state, outcome.notes) == ("success", [])


def test_a_dry_run_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue(VERSION)
    told = RECORD.checkout.release.to_json()
    assert deployed(monkeypatch, told, params={"dry_run": True}).notes == []
