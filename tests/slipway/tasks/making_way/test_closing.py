"""A run ends with its pull request, at once and whole; what nobody can say ends nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from include.delivery.commit_dag import build
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.closings import Closings
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.store.signing_keys import RecordKeys
from slipway.model.event import Event
from slipway.model.forge.pull_request import PullRequestState
from slipway.tasks.making_way import side_by_side
from slipway.tasks.making_way.closing import CLOSED, PullRequestClosed, let_end_with_pull_request
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.making_way.superseded_run import make_way
from tests.include.delivery.proposal_projects import asking
from tests.slipway.tasks.making_way.runs import Run, Work, context_of

pytestmark = pytest.mark.usefixtures("artifacts")

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
DAG, RUN = "shop.pr", f"pr__7__{SHA}"
MERGED = PullRequestState.MERGED


def closings(**more: Any) -> Closings:
    return Closings(artifact_store(), dag_id=DAG, **more)


def begun(event: Event | None = None, run_id: str = RUN) -> tuple[Run, Any]:
    event = event or Event.pull_request(7, branch="main", source="topic", fork=False)
    RunFacts(artifact_store(), dag_id=DAG, run_id=run_id).announce(event, SHA)
    task = Work(task_id="test")
    let_end_with_pull_request(task)
    run = Run(dag_id=DAG, run_id=run_id, task_id="test")
    return run, context_of(run, task)


def test_a_task_that_has_not_begun_does_not_begin() -> None:
    run, context = begun()
    make_way(context)
    closings().close(7, MERGED)
    with pytest.raises(PullRequestClosed, match=r"^pull request 7 was merged$"):
        make_way(context)
    assert run.xcoms == {CLOSED: "pull request 7 was merged"}


def test_a_run_of_which_one_task_has_ended_for_it_ends_whole() -> None:
    """Opened again, it has another run: half of this one would be no result."""
    _, context = begun()
    closings().close(7, MERGED)
    with pytest.raises(PullRequestClosed):
        make_way(context)
    closings().reopen(7)
    with pytest.raises(PullRequestClosed):
        make_way(context)
    _, another = begun(run_id=f"{RUN}__2")
    make_way(another)


def test_one_that_is_opened_again_just_now_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opened it has seen no run that was stopped, so there will be no other one."""
    _, context = begun()
    closings().close(7, MERGED)
    stop = Closings.stop

    def meanwhile(self: Closings, run_id: str, state: PullRequestState) -> None:
        self.reopen(7)
        stop(self, run_id, state)

    monkeypatch.setattr(Closings, "stop", meanwhile)
    make_way(context)
    assert closings().stopped(RUN) is None


@pytest.mark.parametrize(
    "event",
    [
        Event.pull_request(8, branch="main", source="other", fork=False),
        Event.push("topic"),
        Event.push("7"),
        Event.of_commit(SHA),
    ],
)
def test_what_is_about_something_else_goes_on(event: Event) -> None:
    _, context = begun(event)
    closings().close(7, MERGED)
    make_way(context)


def test_a_run_that_a_person_started_goes_on() -> None:
    task = Work(task_id="test")
    let_end_with_pull_request(task)
    closings().close(7, MERGED)
    make_way(context_of(Run(dag_id=DAG, run_id="manual__1", task_id="test"), task))


def test_a_note_that_somebody_else_wrote_ends_nothing(artifacts: Path) -> None:
    _, context = begun()
    closings(keys=lambda: RecordKeys(("0" * 64,))).close(7, MERGED)
    make_way(context)
    closings().close(7, MERGED)
    for note in artifacts.rglob("@closed.json"):
        note.write_text(note.read_text().replace("merged", "gone"))
    make_way(context)


def test_a_word_of_a_later_version_ends_it_all_the_same() -> None:
    _, context = begun()
    own = closings()
    own._records.put(own._of_line(7), {"state": "abandoned"})
    with pytest.raises(PullRequestClosed, match="was closed"):
        make_way(context)


def test_what_is_being_tested_stops_soon_and_leaves_nothing_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(side_by_side, "PAUSE", 0.02)
    monkeypatch.setattr(side_by_side, "NEWER", 0.05)
    monkeypatch.setattr(side_by_side, "supervised", lambda: True)
    run, context = begun()
    closings().close(7, MERGED)
    began = time.monotonic()
    with pytest.raises(PullRequestClosed, match="merged"), SideBySide(context["task"], context):
        time.sleep(30)
    assert time.monotonic() - began < 20
    assert context["task"].kills == 2
    assert run.xcoms == {CLOSED: "pull request 7 was merged"}


@pytest.mark.parametrize("supersede", [None, False])
def test_every_task_of_a_pull_requests_dag_ends_with_it(supersede: bool | None) -> None:
    """The first as well: its branch may be gone, which is no failure of the commit."""
    more = {} if supersede is None else {"supersede": supersede}
    dag = build(asking(pull_requests=True, **more), "guestbook.pr")
    assert all(getattr(task, "ends_with_pull_request", False) for task in dag.tasks)
    commit = build(asking(pull_requests=True, **more), "guestbook")
    assert not any(getattr(task, "ends_with_pull_request", False) for task in commit.tasks)
