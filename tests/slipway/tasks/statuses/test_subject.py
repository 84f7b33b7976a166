"""Which commit's page is told of a run whose checkout failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import (
    NotDeliverable,
    RecordRefused,
    RefNotFound,
    RepositoryUnreachable,
)
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from tests.slipway.tasks.statuses.reports.stages import (
    DAG_ID,
    FAILED,
    IN_PROGRESS,
    RECORD,
    RUN_ID,
    Outcome,
    raises,
    run,
    stage,
)

SHA = RECORD.checkout.release.sha


@pytest.fixture(autouse=True)
def _store(artifacts: Path) -> None:
    """Keep what is left in a store of the test's own."""


def checkout(
    monkeypatch: pytest.MonkeyPatch, error: Exception, conf: dict[str, Any], **more: Any
) -> Outcome:
    """Let a checkout fail."""
    told = stage("test", "checkout", "test")
    words: Any = {"told": told, "task_id": "checkout", "checkout": False, "conf": conf}
    return run(monkeypatch, raises(error), **words, **more)


def announce(sha: str, branch: str = "main") -> None:
    RunFacts(artifact_store(), dag_id=DAG_ID, run_id=RUN_ID).announce(Event.push(branch), sha)


def test_a_checkout_that_fails_is_on_the_commit_that_was_pushed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    announce(SHA, "release/2")
    outcome = checkout(monkeypatch, NotDeliverable("no branch reaches it"), {"ref": SHA})
    assert outcome.said == [(FAILED, "checkout: no branch reaches it")]
    (note,) = outcome.notes
    assert (note.status.sha, note.status.branch) == (SHA, "release/2")
    assert (note.status.key, note.last) == ("slipway/test", "test")


def test_a_commit_that_was_pushed_away_meanwhile_is_told_of_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    announce(SHA)
    outcome = checkout(monkeypatch, RefNotFound("no such commit"), {"ref": SHA})
    assert outcome.said == [(FAILED, "checkout: no such commit")]


def test_a_checkout_by_hand_is_told_of_where_the_commit_is_named_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = NotDeliverable("no branch reaches it")
    outcome = checkout(monkeypatch, error, {"ref": SHA})
    assert [(one.status.sha, one.status.branch) for one in outcome.notes] == [(SHA, "")]


@pytest.mark.parametrize(
    ("error", "conf"),
    [
        (NotDeliverable("x"), {"ref": "refs/heads/main"}),
        (NotDeliverable("x"), {"ref": SHA[:12]}),
        (NotDeliverable("x"), {"ref": SHA + "\n"}),
        (NotDeliverable("x"), {}),
        (RefNotFound("no such commit"), {"ref": SHA}),
    ],
)
def test_what_leads_to_no_commit_for_sure_is_on_no_page(
    monkeypatch: pytest.MonkeyPatch, error: Exception, conf: dict[str, Any]
) -> None:
    assert checkout(monkeypatch, error, conf).notes == []


def test_whoever_edits_an_announcement_moves_no_status(
    monkeypatch: pytest.MonkeyPatch, artifacts: Path
) -> None:
    announce("f" * 40)
    (file,) = artifacts.glob("runs/*/@event.json")
    file.write_text(file.read_text().replace("f" * 40, "e" * 40))
    outcome = checkout(monkeypatch, RecordRefused("not ours"), {"ref": SHA})
    assert [one.status.sha for one in outcome.notes] == [SHA]


def test_a_checkout_that_is_tried_again_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(SHA)
    away = RepositoryUnreachable("git.example.com does not answer")
    outcome = checkout(monkeypatch, away, {"ref": SHA}, retries=True)
    assert outcome.said == [(IN_PROGRESS, "again, after: git.example.com does not answer")]
