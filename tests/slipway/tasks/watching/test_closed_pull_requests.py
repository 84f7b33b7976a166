"""Pull requests that were merged, declined, closed or deleted, and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from slipway.exceptions import ForgeRefused
from slipway.hooks.store import seen_refs as seen_refs_store
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.closings import Closings
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.store.seen_refs import Kind, seen_refs
from slipway.model.forge.place import ForgeKind
from slipway.model.forge.pull_request import PullRequestState
from slipway.tasks.watching import closed_pull_requests
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.pull_requests import PullRequests
from tests.fakes.git_server import Repository
from tests.forges.stand_in import Reply
from tests.slipway.tasks.watching.proposers import World, branch, played
from tests.slipway.tasks.watching.reasons import reason

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def world(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with played(repository, monkeypatch) as one:
        yield one


def run(world: World) -> list[Find]:
    """Look, sign what was found, and remember it, as the watcher does."""
    found = world.run()
    for one in found:
        assert one.event is not None
        RunFacts(artifact_store(), dag_id=one.dag_id, run_id=one.run_id).announce(
            one.event, one.sha
        )
    return found


@pytest.mark.parametrize(
    ("kind", "said", "words"),
    [
        (ForgeKind.GITHUB, {"merged": True}, "was merged"),
        (ForgeKind.GITHUB, {"merged": False}, "was closed"),
        (ForgeKind.BITBUCKET, {}, "was declined"),
        (ForgeKind.BITBUCKET, {"state": "MERGED"}, "was merged"),
    ],
)
def test_the_run_of_one_that_came_to_its_end_is_told_what_became_of_it(
    world: World, kind: ForgeKind, said: dict[str, Any], words: str
) -> None:
    world.kind = kind
    world.opened(7, branch(world.repository, "topic"), repository="1")
    world.opened(8, branch(world.repository, "other"), source="other", repository="1")
    seven, eight = run(world)
    assert reason(seven.run_id) == ""
    world.closed(7, **said)
    assert run(world) == []
    assert reason(seven.run_id) == f"pull request 7 {words}"
    assert reason(eight.run_id) == ""
    # The host is asked about it once.
    asked = len(world.host.requests)
    assert run(world) == []
    assert len(world.host.requests) == asked + 1


def test_one_that_was_deleted_ends_too(world: World) -> None:
    world.opened(7, branch(world.repository, "topic"))
    [found] = run(world)
    del world.pulls[7]
    run(world)
    assert reason(found.run_id) == "pull request 7 is gone"


def test_one_that_the_list_leaves_out_goes_on(world: World) -> None:
    """A list is cut at a thousand, and may change between two of its pages."""
    sha = branch(world.repository, "topic")
    world.opened(7, sha)
    [found] = run(world)
    world.ended[7] = {**world.pulls.pop(7), "state": "open"}
    assert run(world) == []
    assert reason(found.run_id) == ""
    world.pulls[7] = world.ended.pop(7)
    # Nor is it new when it is listed again.
    assert run(world) == []


@pytest.mark.parametrize("status", [429, 503, 403])
def test_as_long_as_the_host_does_not_say_the_run_goes_on_and_others_are_found(
    world: World, status: int
) -> None:
    world.opened(7, branch(world.repository, "topic"))
    [found] = run(world)
    world.closed(7)
    world.opened(8, branch(world.repository, "other"), source="other")
    usual = world.answer

    def answer(request: Any) -> Reply:
        return Reply(status=status) if request.path.endswith("/7") else usual(request)

    world.host.answer = answer  # type: ignore[method-assign]
    assert [one.run_id.split("__")[1] for one in run(world)] == ["8"]
    assert reason(found.run_id) == ""
    assert [type(one) for one in world.problems] == ([ForgeRefused] if status == 403 else [])
    world.host.answer = usual  # type: ignore[method-assign]
    run(world)
    assert reason(found.run_id) == "pull request 7 was closed"


def test_a_host_that_asks_for_patience_about_one_gets_it(world: World) -> None:
    world.finder = PullRequests(every=60.0, clock=lambda: world.now)
    world.opened(7, branch(world.repository, "topic"))
    run(world)
    world.closed(7)
    world.now += 60
    world.host.script = [Reply(body=[]), Reply(status=429, headers={"Retry-After": "900"})]
    run(world)
    world.now += 600
    asked = len(world.host.requests)
    run(world)
    assert len(world.host.requests) == asked
    world.now += 400
    run(world)
    assert Closings(artifact_store(), dag_id="shop.pr").of(7) is PullRequestState.CLOSED


def test_one_that_is_opened_again_before_its_run_heard_of_it_goes_on(world: World) -> None:
    sha = branch(world.repository, "topic")
    world.opened(7, sha)
    [first] = run(world)
    world.closed(7)
    run(world)
    world.opened(7, sha)
    [again] = run(world)
    # Airflow takes an id once: its run shows its result, or comes to its end.
    assert again.run_id == first.run_id
    assert reason(first.run_id) == ""


def test_one_whose_run_was_stopped_runs_again_each_time_it_is_opened_again(world: World) -> None:
    sha = branch(world.repository, "topic")
    ids = []
    for _ in range(3):
        world.opened(7, sha)
        [found] = run(world)
        # Killed before anybody remembered: found again, under the same id.
        assert reason(found.run_id) == ""
        ids.append(found.run_id)
        world.closed(7)
        run(world)
        assert reason(found.run_id) == "pull request 7 was closed"
    assert ids == [f"pr__7__{sha}", f"pr__7__{sha}__2", f"pr__7__{sha}__3"]
    world.opened(7, sha)
    run(world)
    # What was stopped stays so, whole: half of it would show a result that is none.
    assert reason(ids[0]) == "pull request 7 was closed"


def test_a_new_commit_of_one_that_was_opened_again_is_run_as_ever(world: World) -> None:
    world.opened(7, branch(world.repository, "topic", a="1"))
    [first] = run(world)
    world.closed(7)
    run(world)
    assert reason(first.run_id)
    sha = branch(world.repository, "topic", a="2")
    world.opened(7, sha)
    assert [one.run_id for one in run(world)] == [f"pr__7__{sha}"]
    assert reason(f"pr__7__{sha}") == ""


@pytest.mark.parametrize("line", [1, 2])
@pytest.mark.parametrize("reopened", [False, True])
def test_whoever_is_killed_while_an_end_is_noted_leaves_nothing_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch, line: int, reopened: bool
) -> None:
    sha = branch(world.repository, "topic")
    world.opened(7, sha)
    [first] = run(world)
    world.closed(7)
    done: list[int] = []

    def killed(*args: Any, **kwargs: Any) -> None:
        done.append(1)
        if len(done) == line:
            raise KeyboardInterrupt
        remember(*args, **kwargs)

    remember = seen_refs_store.remember_refs
    with monkeypatch.context() as patched:
        patched.setattr(closed_pull_requests, "remember_refs", killed)
        with pytest.raises(KeyboardInterrupt):
            run(world)
    if not reopened:
        run(world)
        assert reason(first.run_id) == "pull request 7 was closed"
        known = seen_refs(artifact_store(), "shop", Kind.PULLS)
        assert known is not None
        assert known.refs == {}
        return
    stopped = reason(first.run_id)
    world.opened(7, sha)
    found = [one.run_id for one in run(world)]
    # Its run goes on, or there is another one.
    assert reason(found[0] if found else first.run_id) == ""
    assert bool(stopped) is (found == [f"pr__7__{sha}__2"])
