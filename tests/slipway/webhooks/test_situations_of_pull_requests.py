"""What hosts tell of pull requests, and of pushes beside them: looks after hooks, by git and HTTP.

Each look is the one that follows a hook. What the host says of its pull requests comes from a
server that plays it, in the words of Bitbucket Cloud: twelve digits of a commit, forks that go.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.model.forge.place import ForgeKind
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.finders import FINDERS
from slipway.tasks.watching.pull_requests import PullRequests
from slipway.tasks.watching.watcher import Watcher
from slipway.webhooks import look as looking
from slipway.webhooks.look import Look, look_at
from tests.fakes.git_server import Repository
from tests.forges.stand_in import Reply
from tests.slipway.tasks.watching.proposers import World, branch, played
from tests.slipway.webhooks.any_runs import AnyRuns
from tests.slipway.webhooks.shop import shop


@pytest.fixture
def world(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    with played(repository, monkeypatch) as found:
        found.kind = ForgeKind.BITBUCKET
        yield found


@pytest.fixture
def runs(world: World) -> AnyRuns:
    """Those that there are once everything was seen for the first time."""
    found = AnyRuns()
    look_at(_look(world), found)
    return found


def _look(world: World, *, branches: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> Look:
    watching = replace(world.watching, branches=branches, tags=tags)
    known = replace(shop(world.repository).repository, watching=watching)
    return Look(project="shop", repository=known, host="Bitbucket Cloud")


def _poll(world: World) -> list[str]:
    """Look as the watcher does in an hour; returns what is to be run."""
    project = WatchedProject(
        dag_id="shop", url=world.repository.url, branch="main", watching=world.watching
    )
    finders = (*FINDERS[:-1], PullRequests(clock=lambda: time.time() + 3600))
    watcher = Watcher(lambda: [project], artifact_store(), world.said.append, finders=finders)
    return [find.run_id for find in watcher.sweep()]


def test_twelve_digits_of_a_commit_are_a_run_of_the_whole_commit(
    world: World, runs: AnyRuns
) -> None:
    sha = branch(world.repository, "topic", new="1")
    world.opened(7, sha)
    assert look_at(_look(world), runs) == [f"pr__7__{sha}"]
    assert runs.confs[-1]["ref"] == sha


def test_an_update_without_a_new_commit_is_no_new_run_and_one_with_it_is(
    world: World, runs: AnyRuns
) -> None:
    """The host says *updated* of a title, of reviewers, and of commits alike."""
    first = branch(world.repository, "topic", new="1")
    world.opened(7, first)
    look_at(_look(world), runs)
    world.opened(7, first, title="$(touch x) {{ 7*7 }}")
    assert look_at(_look(world), runs) == []
    world.repository.git("checkout", "--quiet", "topic")
    second = world.repository.commit("more")
    world.repository.git("checkout", "--quiet", "main")
    world.opened(7, second)
    assert look_at(_look(world), runs) == [f"pr__7__{second}"]


def test_a_forced_push_back_to_what_was_tested_is_no_new_run(world: World, runs: AnyRuns) -> None:
    first = branch(world.repository, "topic", new="1")
    world.opened(7, first)
    look_at(_look(world), runs)
    second = branch(world.repository, "topic", new="2")
    world.opened(7, second)
    look_at(_look(world), runs)
    world.repository.git("branch", "--force", "topic", first)
    world.opened(7, first)
    assert look_at(_look(world), runs) == []
    assert runs.ids.count(f"pr__7__{first}") == 1


def test_a_pull_request_whose_fork_is_gone_is_said_and_holds_up_no_other(
    world: World, runs: AnyRuns, caplog: pytest.LogCaptureFixture
) -> None:
    world.opened(7, "1" * 40, source="theirs", repository=0)
    sha = branch(world.repository, "topic", new="1")
    world.opened(8, sha)
    assert look_at(_look(world), runs) == [f"pr__8__{sha}"]
    assert "pull request 7: the repository that it comes from is gone" in caplog.text


def test_the_hook_of_a_merge_runs_the_delivered_branch_and_not_the_pull_request(
    world: World, runs: AnyRuns
) -> None:
    sha = branch(world.repository, "topic", new="1")
    world.opened(7, sha)
    look_at(_look(world), runs)
    world.repository.git("merge", "--quiet", "--no-ff", "-m", "Merged", "topic")
    merged = world.repository.git("rev-parse", "main")
    world.pulls.clear()
    assert look_at(_look(world), runs) == [f"commit__{merged}"]


def test_every_ref_of_one_push_that_is_watched_runs_once(world: World, runs: AnyRuns) -> None:
    """A branch, another one, two tags of one commit and a deleted branch: one push, one hook."""
    repository = world.repository
    gone = branch(repository, "release/1", one="1")
    look = _look(world, branches=("release/*",), tags=("v*",))
    look_at(look, runs)
    repository.git("branch", "-D", "release/1")
    other = branch(repository, "release/2", two="2")
    main = repository.commit("of main")
    repository.git("tag", "v1.0.0")
    repository.git("tag", "-a", "v1.0.1", "-m", "1.0.1")
    found = look_at(look, runs)
    assert found[0] == f"commit__{main}"
    assert sorted(one.partition("__")[0] for one in found) == ["branch", "commit", "tag", "tag"]
    assert not [one for one in found if gone in one]
    assert [one for one in found if one.startswith("branch") and one.endswith(other)]
    assert look_at(look, runs) == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=429, headers={"retry-after": "120"}),
        Reply(status=500),
        Reply(status=503, body=b"<html>Bitbucket is away</html>"),
        Reply(status=401, body={"type": "error", "error": {"message": "Bad token"}}),
        Reply(body=b"<html>Log in</html>"),
        Reply(body=b'{"values": [{"id": 1}, null, 7], "next": 3'),
        Reply(body={"values": "none"}),
    ],
    ids=["429", "500", "503", "401", "a page", "cut JSON", "other JSON"],
)
def test_a_host_that_does_not_show_its_pull_requests_delays_no_commit(
    world: World, runs: AnyRuns, reply: Reply
) -> None:
    sha = world.repository.commit("of main")
    world.host.script.append(reply)
    assert look_at(_look(world), runs) == [f"commit__{sha}"]
    assert look_at(_look(world), runs) == []


def test_a_host_that_asks_for_patience_is_not_asked_by_its_own_hooks_either(
    world: World, runs: AnyRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty pushes are no reason to ask fifty times within the hour that it wants to be alone."""
    sha = branch(world.repository, "topic", new="1")
    world.opened(7, sha)
    world.host.script.append(Reply(status=429, headers={"retry-after": "600"}))
    look_at(_look(world), runs)
    asked = len(world.host.requests)
    for number in range(3):
        pushed = world.repository.commit(f"of main {number}")
        assert look_at(_look(world), runs) == [f"commit__{pushed}"]
    assert len(world.host.requests) == asked
    now = time.time()
    monkeypatch.setattr("slipway.tasks.watching.finders.AT_A_HOOK", _later(now + 601))
    assert look_at(_look(world), runs) == [f"pr__7__{sha}"]


def _later(now: float) -> tuple[object, ...]:

    return (*FINDERS[:-1], PullRequests(every=0, clock=lambda: now))


def test_a_hook_that_comes_before_its_push_can_be_seen_leaves_it_to_the_poll(
    world: World, runs: AnyRuns
) -> None:
    """A host may tell of what its mirrors have not got yet."""
    assert look_at(_look(world), runs) == []
    sha = world.repository.commit("a moment later")
    assert _poll(world) == [f"commit__{sha}"]


@pytest.mark.usefixtures("runs")
def test_two_servers_and_a_poll_at_once_are_one_run_of_each_commit(world: World) -> None:
    class OneByOne(AnyRuns):
        """As a database takes them."""

        def start(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> bool:
            with lock:
                return super().start(dag_id, run_id, conf)

    lock, runs, polled = threading.Lock(), OneByOne(), list[str]()
    shas = [world.repository.commit(f"{number}") for number in range(3)]
    looks = [threading.Thread(target=look_at, args=(_look(world), runs)) for _ in range(3)]
    poll = threading.Thread(target=lambda: polled.extend(_poll(world)))
    for one in (*looks, poll):
        one.start()
    for one in (*looks, poll):
        one.join()
    made = [run for run in runs.ids if run.removeprefix("commit__") in shas]
    assert made == [f"commit__{sha}" for sha in shas]
    # What the poll saw as well has the ids that there are, and Airflow refuses them.
    assert set(polled) <= set(made)
    assert look_at(_look(world), runs) == []


def test_a_watcher_that_is_paused_during_hooks_finds_all_of_it_afterwards(
    world: World, runs: AnyRuns
) -> None:
    sha = branch(world.repository, "topic", new="1")
    pushed = world.repository.commit("of main")
    world.opened(7, sha)
    runs.paused = True
    assert looking.look_at(_look(world), runs) == []
    assert sorted(_poll(world)) == sorted([f"commit__{pushed}", f"pr__7__{sha}"])
