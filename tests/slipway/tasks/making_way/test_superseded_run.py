"""A newer commit ends the runs of older ones; which is newer git says, and never a clock."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from include.delivery.defaults import RETRIES, known_params_only
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.store.runs.newest_commits import NewestCommits
from slipway.hooks.store.signing_keys import RecordKeys
from slipway.model.event import Event
from slipway.tasks.making_way import side_by_side
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.making_way.superseded_run import (
    SUPERSEDED_BY,
    Superseded,
    Superseding,
    let_make_way,
    make_way,
)
from tests.fakes.git_server import Repository
from tests.slipway.tasks.making_way.runs import Run, Work, context_of

pytestmark = pytest.mark.usefixtures("artifacts")

MAIN = Event.push("main")


def announce(sha: str, event: Event = MAIN) -> None:
    RunFacts(artifact_store(), dag_id="shop", run_id=f"commit__{sha}").announce(event, sha)


def newer(repository: Repository, sha: str, **more: Any) -> str | None:
    return Superseding(repository=repository.source, **more).newer("shop", f"commit__{sha}")


def test_the_older_commits_of_a_push_make_way_for_its_newest(repository: Repository) -> None:
    shas = [repository.commit(name) for name in ("first", "second", "third")]
    for sha in shas:
        announce(sha)
    assert [newer(repository, sha) for sha in shas] == [shas[2][:7], shas[2][:7], None]


def test_the_newest_goes_on_whoever_announces_an_older_one_late(repository: Repository) -> None:
    """A poll that began before the push may end after the hook's look at it."""
    first, second = repository.commit("first"), repository.commit("second")
    for sha in (first, second, first):
        announce(sha)
    assert newer(repository, second) is None
    assert newer(repository, first) is None


def test_a_commit_of_another_branch_ends_nothing(repository: Repository) -> None:
    first = repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "release/1")
    second = repository.commit("second")
    announce(first)
    announce(second, Event.push("release/1"))
    assert newer(repository, first) is None
    assert newer(repository, second) is None


@pytest.mark.parametrize(
    "event", [Event.of_tag("v1"), Event.of_schedule("nightly", "main"), Event.of_commit("a" * 40)]
)
def test_what_stands_for_itself_is_ended_by_nothing(repository: Repository, event: Event) -> None:
    first, second = repository.commit("first"), repository.commit("second")
    announce(first, event)
    announce(second, event)
    announce(second)
    assert newer(repository, first) is None


def test_a_run_that_a_person_started_goes_on(repository: Repository) -> None:
    first, second = repository.commit("first"), repository.commit("second")
    announce(second)
    assert newer(repository, first) is None


def test_a_newest_commit_that_gets_no_run_ends_nothing(repository: Repository) -> None:
    first = repository.commit("first")
    announce(first)
    repository.commit("words [ci skip]")
    assert newer(repository, first) is None


def test_an_announced_commit_counts_behind_one_that_gets_no_run(repository: Repository) -> None:
    first, second = repository.commit("first"), repository.commit("second")
    announce(first)
    announce(second)
    repository.commit("words [ci skip]")
    assert newer(repository, first) == second[:7]


def test_what_a_force_push_dropped_makes_way_for_what_came_instead(repository: Repository) -> None:
    base, dropped = repository.commit("base"), repository.commit("dropped")
    announce(dropped)
    repository.git("reset", "--quiet", "--hard", base)
    instead = repository.commit("instead")
    announce(instead)
    assert newer(repository, dropped) == instead[:7]
    assert newer(repository, instead) is None


def test_a_branch_that_goes_back_ends_what_it_went_back_from(repository: Repository) -> None:
    first, second = repository.commit("first"), repository.commit("second")
    announce(first)
    announce(second)
    repository.git("reset", "--quiet", "--hard", first)
    announce(first)
    assert newer(repository, second) == first[:7]
    assert newer(repository, first) is None


def test_what_was_announced_and_then_dropped_ends_nothing(repository: Repository) -> None:
    first, dropped = repository.commit("first"), repository.commit("dropped")
    announce(first)
    announce(dropped)
    repository.git("reset", "--quiet", "--hard", first)
    assert newer(repository, first) is None


def test_a_deployment_that_has_begun_is_not_cut(repository: Repository) -> None:
    first, second = repository.commit("first"), repository.commit("second")
    announce(first)
    announce(second)
    facts = RunFacts(artifact_store(), dag_id="shop", run_id=f"commit__{first}")
    facts.begin_swap("1.0", "swap")
    assert newer(repository, first) is None
    facts.forget_swap()
    assert newer(repository, first) == second[:7]


def test_a_pull_request_has_a_line_of_its_own(repository: Repository) -> None:
    base = repository.commit("base")
    repository.git("checkout", "--quiet", "-b", "topic")
    first, second = repository.commit("first"), repository.commit("second")

    def request(number: int) -> Event:
        return Event.pull_request(number, branch="main", source="topic", fork=False)

    announce(base)
    announce(first, request(7))
    announce(second, request(8))
    assert newer(repository, first) is None
    announce(second, request(7))
    assert newer(repository, first) == second[:7]
    assert newer(repository, base) is None


def test_a_pull_request_that_was_written_anew_makes_way(repository: Repository) -> None:
    repository.commit("base")
    repository.git("checkout", "--quiet", "-b", "topic")
    first = repository.commit("first")
    event = Event.pull_request(7, branch="main", source="topic", fork=False)
    announce(first, event)
    repository.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "first, better")
    second = repository.git("rev-parse", "HEAD")
    announce(second, event)
    assert newer(repository, first) is None
    assert newer(repository, first, tip=lambda _: second) == second[:7]
    assert newer(repository, second, tip=lambda _: second) is None


@pytest.mark.parametrize("away", ["server", "record"])
def test_as_long_as_nobody_can_say_the_run_goes_on(
    repository: Repository, artifacts: Path, away: str
) -> None:
    first, second = repository.commit("first"), repository.commit("second")
    announce(first)
    announce(second)
    if away == "record":
        [note] = artifacts.rglob("@newest.json")
        note.write_text(note.read_text().replace(second, "a" * 40))
    else:
        repository.path.rename(repository.path.with_suffix(".away"))
    assert newer(repository, first) is None


def test_a_note_that_somebody_else_wrote_ends_nothing(repository: Repository) -> None:
    """Whoever writes the bucket does not end runs."""
    first, second = repository.commit("first"), repository.commit("second")
    announce(first)
    strangers = NewestCommits(artifact_store(), dag_id="shop", keys=lambda: RecordKeys(("0" * 64,)))
    strangers.announce(MAIN, second)
    assert newer(repository, first) is None


def overtaken(repository: Repository, task: Work) -> tuple[Run, str]:
    first, second = repository.commit("first"), repository.commit("second")
    announce(first)
    announce(second)
    let_make_way(task, Superseding(repository=repository.source))
    return Run(dag_id="shop", run_id=f"commit__{first}", task_id=task.task_id), second[:7]


def test_a_task_of_an_overtaken_commit_does_not_begin(repository: Repository) -> None:
    task = Work(task_id="test")
    run, newest = overtaken(repository, task)
    with pytest.raises(Superseded, match=f"^superseded by {newest}$"):
        make_way(context_of(run, task))
    assert run.xcoms == {SUPERSEDED_BY: newest}


def test_a_task_that_makes_no_way_begins(repository: Repository) -> None:
    run, _ = overtaken(repository, Work(task_id="test"))
    make_way(context_of(run, Work(task_id="checkout")))
    assert run.xcoms == {}


@pytest.mark.usefixtures("_quickly")
def test_what_may_be_seen_elsewhere_is_not_cut_once_it_has_begun(repository: Repository) -> None:
    task = Work(task_id="promote")
    run, _ = overtaken(repository, task)
    let_make_way(task, Superseding(repository=repository.source, midway=False))
    with SideBySide(task, context_of(run, task)):
        time.sleep(0.5)
    with pytest.raises(Superseded):
        make_way(context_of(run, task))


def test_every_task_of_a_project_asks_as_it_begins() -> None:
    with DAG(dag_id="shop", schedule=None, default_args=RETRIES):
        task = Work(task_id="test")
    assert task._pre_execute_hook is known_params_only


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "PAUSE", 0.02)
    monkeypatch.setattr(side_by_side, "NEWER", 0.05)
    monkeypatch.setattr(side_by_side, "supervised", lambda: True)


@pytest.mark.usefixtures("_quickly")
def test_what_is_being_tested_stops_soon_and_leaves_nothing_running(
    repository: Repository,
) -> None:
    task = Work(task_id="test")
    run, newest = overtaken(repository, task)
    began = time.monotonic()
    with pytest.raises(Superseded, match=newest), SideBySide(task, context_of(run, task)):
        time.sleep(30)
    assert time.monotonic() - began < 20
    assert task.kills == 2
    assert run.xcoms == {SUPERSEDED_BY: newest}


@pytest.mark.usefixtures("_quickly")
def test_what_was_done_when_the_newer_one_came_is_done(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Work(task_id="test")
    run, newest = overtaken(repository, task)
    asked: list[float] = []

    def late(*_: Any, **__: Any) -> str:
        asked.append(time.monotonic())
        time.sleep(0.5)
        return newest

    monkeypatch.setattr(side_by_side, "newer_than", late)
    with SideBySide(task, context_of(run, task)):
        while not asked:
            time.sleep(0.01)
    assert run.xcoms == {}
