"""Statuses that a killed run left in progress, and what keeps others from being sent."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.hooks.store.runs.closings import Closings
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.pull_request import PullRequestState
from slipway.model.forge.status import CommitStatus, StatusNote, StatusState
from slipway.operators.commit_status.send import SendStatusesOperator
from slipway.operators.commit_status.settle import SettleStatusesOperator
from slipway.triggers.statuses import StatusTrigger

NOW = 1_800_000_000.0
PLACE = ForgePlace(kind=ForgeKind.GITHUB, server="https://x", path="a/b", connection="c")


def note(state: StatusState = StatusState.IN_PROGRESS, at: float = NOW - 600) -> StatusNote:
    status = CommitStatus(project="shop", sha="a" * 40, stage="test", state=state, text="runs")
    return StatusNote(
        place=PLACE,
        status=status,
        at=int(at * 1e9),
        dag_id="shop",
        run_id="r",
        tasks=("build", "test"),
        last="test",
    )


@pytest.fixture
def notes(artifacts: Path) -> StatusNotes:
    return StatusNotes(artifact_store())


def is_open(notes: StatusNotes, one: StatusNote) -> None:
    notes.sent("none.json", one)


def settle(states: dict[str, str | None], alive: int = 0) -> Any:
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        get_task_states=lambda **_: {"r": states} if states else {},
        get_dr_count=lambda **_: alive,
        xcom_push=lambda *, key, value: pushed.update({key: value}),
        pushed=pushed,
    )
    context: Any = {"ti": ti}
    return SettleStatusesOperator(task_id="settle", clock=lambda: NOW).execute(context)


def left(notes: StatusNotes) -> list[tuple[StatusState, str]]:
    return [(one.status.state, one.status.text) for _, one in notes.waiting(print)]


@pytest.mark.parametrize(
    ("states", "alive", "told"),
    [
        ({"build": "success", "test": "failed"}, 1, [(StatusState.FAILED, "test failed")]),
        ({"build": "success", "test": "success"}, 1, [(StatusState.SUCCESSFUL, "done")]),
        ({"test": "running"}, 0, [(StatusState.STOPPED, "stopped before its end")]),
        ({}, 0, [(StatusState.STOPPED, "its run is gone")]),
        ({"test": "running"}, 1, []),
        ({}, 1, []),
    ],
)
def test_what_a_killed_run_left_in_progress_is_put_right(
    notes: StatusNotes, states: dict[str, str | None], alive: int, told: Any
) -> None:
    is_open(notes, note())
    assert settle(states, alive) == len(told)
    assert left(notes) == told
    # Until the sender has sent it, nothing is added.
    assert settle(states, alive) == 0
    assert left(notes) == told


def test_a_stage_that_has_just_begun_is_left_alone(notes: StatusNotes) -> None:
    is_open(notes, note(at=NOW - 5))
    assert settle({"test": "failed"}) == 0


def test_an_end_that_waits_for_its_host_counts(notes: StatusNotes) -> None:
    is_open(notes, note())
    notes.add(note(StatusState.SUCCESSFUL, at=NOW - 300))
    assert settle({"test": "success"}) == 0
    assert left(notes) == [(StatusState.SUCCESSFUL, "runs")]


def test_nobody_asks_for_ever(notes: StatusNotes) -> None:
    is_open(notes, note(at=NOW - 31 * 86400))
    assert settle({"test": "running"}, 1) == 0
    assert list(notes.open(print)) == []


def test_what_keeps_statuses_from_going_is_told_in_housekeeping(notes: StatusNotes) -> None:
    notes.tell_trouble("shop", "the token has expired")
    is_open(notes, note())
    with pytest.raises(AirflowFailException, match="shop: the token has expired"):
        settle({"test": "failed"})
    assert left(notes) == [(StatusState.FAILED, "test failed")]
    notes.tell_trouble("shop", "")
    assert settle({"test": "failed"}) == 0


def test_sending_costs_no_worker() -> None:
    context: Any = {}
    with pytest.raises(TaskDeferred) as caught:
        SendStatusesOperator(task_id="send").execute(context)
    kind, settings = caught.value.trigger.serialize()
    assert kind == "slipway.triggers.statuses.StatusTrigger"
    assert 3500 < settings["until"] - time.time() < 3700


def test_a_store_that_does_not_answer_ends_no_sender(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds: list[int] = []

    def broken(_: Any) -> int:
        rounds.append(1)
        msg = "the bucket is away"
        raise OSError(msg)

    monkeypatch.setattr("slipway.tasks.statuses.sender.StatusSender.round", broken)
    monkeypatch.setattr("slipway.triggers.statuses._BUSY", 0.05)

    async def run() -> list[Any]:
        return [event async for event in StatusTrigger(until=time.time() + 0.3).run()]

    (event,) = asyncio.run(run())
    assert event.payload == {"over": True}
    assert len(rounds) > 1


def test_what_was_stopped_with_its_pull_request_says_so(notes: StatusNotes) -> None:
    """Its task was killed before it could."""
    event = Event.pull_request(7, branch="main", source="topic", fork=False)
    RunFacts(artifact_store(), dag_id="shop", run_id="r").announce(event, "a" * 40)
    Closings(artifact_store(), dag_id="shop").stop("r", PullRequestState.MERGED)
    is_open(notes, note())
    assert settle({"test": "skipped"}) == 1
    assert left(notes) == [(StatusState.STOPPED, "pull request 7 was merged")]
