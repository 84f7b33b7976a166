"""What is remembered of a branch, with tasks that end at once, are killed, or come late."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.news import NewsNotes
from slipway.hooks.store.notes.news_memory import NewsMemories
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import Place, Result
from slipway.tasks.news.commits import commits_of, is_late
from slipway.tasks.news.remember import let_count, remind
from tests.fakes.git_server import Repository

pytestmark = pytest.mark.usefixtures("artifacts")

MAIN = Place(branch="main")
TEAM = NewsChannel(name="team", kind=ChannelKind.SLACK, connection="team")
ROUTES = NewsRoutes(project="shop", channels=(TEAM,), continuous="dev")


def result(passed: bool, sha: str, at: float = 0.0, **more: Any) -> Result:
    return Result(passed=passed, at=at, sha=sha, version=sha, **more)


def count(passed: bool, sha: str, at: float = 0.0, **more: Any) -> bool:
    return let_count(artifact_store(), ROUTES, MAIN, result(passed, sha, at), **more)


def events() -> list[str]:
    return [note.events[0].value for note in NewsNotes(artifact_store()).waiting(pytest.fail)]


def test_a_failure_a_reminder_and_a_repair() -> None:
    assert count(True, "a", 0)
    assert count(False, "b", 1)
    assert not count(False, "b", 2) or events() == ["broke"]
    count(False, "c", 90_000)
    count(True, "d", 90_001)
    assert events() == ["broke", "still_broken", "fixed"]
    broke, still, fixed = NewsNotes(artifact_store()).waiting(pytest.fail)
    assert (broke.good, broke.sha) == ("a", "b")
    assert (still.first_sha, fixed.since) == ("b", 1.0)


def test_a_task_that_is_killed_after_it_remembered_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*_: Any) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(NewsNotes, "add", killed)
        with pytest.raises(SystemExit):
            count(False, "b")
    assert events() == []
    count(False, "b")  # the task is run again
    assert events() == ["broke"]
    count(True, "c", 5)
    assert events() == ["broke", "fixed"]


def test_a_task_that_is_killed_before_it_remembered_tells_all_of_it_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*_: Any) -> bool:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ArtifactStore, "put_new", killed)
        with pytest.raises(SystemExit):
            count(False, "b")
    count(False, "b")
    assert events() == ["broke"]


def test_of_many_tasks_that_end_at_once_one_tells() -> None:
    count(True, "a")
    together = threading.Barrier(8)

    def fail(number: int) -> None:
        together.wait()
        count(False, f"b{number}", 1.0)

    threads = [threading.Thread(target=fail, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert events() == ["broke"]
    _, memory = NewsMemories(artifact_store(), "shop").latest(MAIN)
    assert memory.first_bad is not None


def test_memory_does_not_pile_up() -> None:
    for number in range(20):
        count(number % 2 == 0, str(number), number)
    store = artifact_store()
    assert len(store.keys(f"news/memory/shop/{MAIN.key}")) == 5
    assert len(events()) == 19


def test_what_somebody_else_wrote_there_is_not_believed() -> None:
    count(False, "b")
    store = artifact_store()
    store.put_json(f"news/memory/shop/{MAIN.key}/{900:012d}.json", {"place": {}, "note": {}})
    number, memory = NewsMemories(store, "shop").latest(MAIN)
    assert (number, memory.last and memory.last.sha) == (900, "b")
    count(True, "c")
    assert events() == ["broke", "fixed"]


def test_an_older_commit_that_ends_later_changes_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may need more than a task gives.
    monkeypatch.setattr("slipway.tasks.news.commits.PATIENCE", 30.0)
    old, new = repository.commit("one"), repository.commit("two")
    source = repository.source

    def by_ancestry(passed: bool, sha: str) -> bool:
        one = result(passed, sha)
        return let_count(
            artifact_store(), ROUTES, MAIN, one, is_late=lambda last: is_late(source, one, last)
        )

    by_ancestry(True, new)
    assert not by_ancestry(False, old)
    assert events() == []
    third = repository.commit("three")
    by_ancestry(False, third)
    assert not by_ancestry(True, old)
    assert not by_ancestry(True, new)
    assert events() == ["broke"]


def test_a_branch_that_was_rewritten_goes_on_from_there(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.tasks.news.commits.PATIENCE", 30.0)
    first, dropped = repository.commit("one"), repository.commit("two")
    repository.git("reset", "--quiet", "--hard", first)
    other = repository.commit("another")
    assert not is_late(repository.source, result(True, other), result(False, dropped))


def test_where_git_cannot_be_asked_the_places_count() -> None:
    from slipway.model.git.repository import Repository as Source

    nowhere = Source(url="git://127.0.0.1:9/none")
    late, last = result(False, "a" * 40, position=1), result(True, "b" * 40, position=2)
    assert is_late(nowhere, late, last)
    assert not is_late(nowhere, last, late)


def test_the_range_has_the_authors_of_merged_branches_too(repository: Repository) -> None:
    base = repository.commit("base", a="1")
    repository.git("checkout", "--quiet", "-b", "topic")
    topic = repository.commit("topic", b="1")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    tip = repository.git("rev-parse", "HEAD")
    commits, more = commits_of(repository.source, base, None, tip, 20.0)
    assert ([one.sha for one in commits], more) == ([tip, topic], 0)
    assert commits[1].email == "ada@example.com"


def test_a_reminder_comes_once_a_day_whoever_looks() -> None:
    count(False, "b", 0.0)
    for hour in range(50):
        remind(artifact_store(), ROUTES, MAIN, hour * 3600.0)
        remind(artifact_store(), ROUTES, MAIN, hour * 3600.0)
    assert events() == ["broke", "still_broken", "still_broken"]


def test_a_tag_that_failed_is_told_once_and_not_for_a_week() -> None:
    tag, store = Place(branch="v1.4.0", is_tag=True), artifact_store()
    assert let_count(store, ROUTES, tag, result(False, "a"))
    assert not remind(store, ROUTES, tag, 100_000)
    assert let_count(store, ROUTES, tag, result(True, "a", 100_001))
    assert events() == ["broke", "fixed"]
    assert not let_count(store, ROUTES, Place(branch="v1.5.0", is_tag=True), result(True, "b"))
    assert len(list(NewsMemories(store, "shop").every())) == 1
    assert tag.key != Place(branch="v1.4.0").key  # a branch may be called that as well


def test_a_subject_counts_once() -> None:
    deployed = {"event": NewsEvent.DEPLOYED}
    one = result(True, "a", subject="swap-1")
    place = Place(environment="prod")
    for _ in range(3):
        let_count(artifact_store(), ROUTES, place, one, **deployed)  # type: ignore[arg-type]
    assert events() == ["deployed"]


def test_nobody_is_told_of_each_push_to_dev_unless_somebody_asks() -> None:
    dev, deployed = Place(environment="dev"), NewsEvent.DEPLOYED
    one = result(True, "a", subject="swap-1")
    let_count(artifact_store(), ROUTES, dev, one, event=deployed)
    assert events() == []
    asks = NewsRoutes(
        project="shop",
        channels=(NewsChannel.from_json({**TEAM.to_json(), "events": ["deployed"]}),),
        continuous="dev",
    )
    two = result(True, "b", subject="swap-2")
    let_count(artifact_store(), asks, dev, two, event=deployed)
    assert events() == ["deployed"]
