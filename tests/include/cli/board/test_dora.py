"""The four figures in a shell, out of a store."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest

from include.cli.board import dora
from include.cli.board.four_figures import days_since
from slipway.exceptions import ReleaseNotFound
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments.history import Deployments
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import Release
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.tasks.board.dora import dora_figures, exported
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")
HOUR = 3600.0
EVIL = "no\x1b[31m such\u202e table"


def released(version: str, hours_ago: float) -> Release:
    made = make_record(version)
    release = dataclasses.replace(made.checkout.release, project="guestbook")
    at = int(time.time() - hours_ago * HOUR)
    checkout = dataclasses.replace(made.checkout, release=release, committed_at=at)
    package = dataclasses.replace(made.package, release=release)
    record = dataclasses.replace(
        made,
        checkout=checkout,
        package=package,
        tests=dataclasses.replace(made.tests, release=release) if made.tests else None,
    )
    ReleaseCatalogue(artifact_store()).record(record)
    return release


def deployed(
    release: Release, hours_ago: float, replaced: str = "", outcome: Outcome = Outcome.SUCCEEDED
) -> None:
    began = time.time() - hours_ago * HOUR
    times = iter((began, began + 600))
    outcomes = DeploymentOutcomes(artifact_store(), clock=lambda: next(times))
    note = DeploymentNote(
        release=release,
        environment="prod",
        outcome=Outcome.STARTED,
        at=0.0,
        dag_id="guestbook.prod",
        run_id="manual__1",
        replaced=replaced,
    )
    swap = f"{release.version}{hours_ago}".encode().hex().zfill(32)[-32:]
    outcomes.note(swap, note)
    serves = release.version if outcome is Outcome.SUCCEEDED else replaced
    end = dataclasses.replace(note, outcome=outcome, serves=serves, why=EVIL)
    outcomes.note(swap, end)
    Deployments(artifact_store()).take_up("guestbook", "prod", swap)


@pytest.fixture
def shipped(artifacts: Path) -> None:
    """Three releases, of which the second failed, in a store of the test's own."""
    one, two, three = released("1.0+1", 50), released("1.0+2", 40), released("1.0+3", 30)
    deployed(one, 48)
    deployed(two, 38, replaced="1.0+1", outcome=Outcome.ROLLED_BACK)
    deployed(three, 26, replaced="1.0+1")


@pytest.mark.usefixtures("shipped")
def test_the_figures_are_told_with_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    assert dora.main(["guestbook", "prod"]) == 0
    said = capsys.readouterr().out
    # From 50 to 47.83 hours ago, from 40 and 30 to 25.83.
    assert "lead time             4 h 10 min  (3 commits)" in said
    assert "deployment frequency  1 a day  (2 deployments)" in said
    assert "change-failure rate   33 %  (1 of 3 changes)" in said
    assert "time to restore       10 min  (1)" in said
    assert "failed: 1.0+2" in said
    assert "no<U+001B>[31m such<U+202E> table" in said


@pytest.mark.usefixtures("shipped")
def test_programs_get_the_deployments_behind_each_figure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dora.main(["guestbook", "prod", "--since", "7d", "--json"]) == 0
    [said] = json.loads(capsys.readouterr().out)
    assert said["environment"] == "prod"
    assert said["change_failure_rate"] == pytest.approx(1 / 3)
    assert [one["version"] for one in said["deployments"]] == ["1.0+1", "1.0+2", "1.0+3"]
    assert [one["version"] for one in said["deployments"][2]["commits"]] == ["1.0+2", "1.0+3"]
    assert said["restorations"][0]["broke"]["version"] == "1.0+2"
    assert said["still_broken"] is None


@pytest.mark.usefixtures("shipped")
def test_what_is_exported_has_no_number_for_what_is_not_known() -> None:
    assert set(exported(dora_figures("guestbook", "prod"))) == {
        "lead_time_seconds",
        "deployments_per_day",
        "change_failure_rate",
        "time_to_restore_seconds",
    }
    assert exported(dora_figures("guestbook", "dev")) == {"deployments_per_day": 0.0}


def test_each_environment_is_told_where_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert dora.main(["guestbook"]) == 0
    said = capsys.readouterr().out
    assert "dev, the last 30 days" in said
    assert "prod, the last 30 days" in said
    assert "lead time             -  (0 commits)" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["guestbok"],
        ["guestbook", "production"],
        ["guestbook", "--since", "yesterday"],
        ["guestbook", "--since", "0d"],
        ["guestbook", "--since=2999-01-01"],
        ["guestbook", "--since=2026-02-30"],
    ],
)
def test_what_cannot_be_answered_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dora.main(arguments) == 2
    assert capsys.readouterr().err


def test_a_beginning_is_a_length_or_a_day() -> None:
    midnight = 1_764_288_000.0  # 2025-11-28, UTC
    assert days_since("30d", midnight) == 30
    assert days_since("2w", midnight) == 14
    assert days_since("2025-11-01", midnight) == 27
    with pytest.raises(ReleaseNotFound, match="neither"):
        days_since("30", midnight)
