"""Which pull requests are run, how often, and whom of their authors anybody trusts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.exceptions import ForgeUnavailable, RepositoryRefused
from slipway.hooks.git.connection import git_mirror
from slipway.model.event import EventKind
from slipway.model.forge.place import ForgeKind
from slipway.tasks.watching.pull_requests import MOST_NEW, OWN, PullRequests
from tests.fakes.git_server import Repository
from tests.forges.stand_in import Reply
from tests.slipway.hooks.git.proposing import propose
from tests.slipway.tasks.watching.proposers import World, branch, played

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def world(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with played(repository, monkeypatch) as one:
        yield one


def test_each_commit_of_a_pull_request_is_run_once(world: World) -> None:
    first = branch(world.repository, "topic", a="1")
    world.opened(7, first)
    assert [one.run_id for one in world.look()] == [f"pr__7__{first}"]
    # Killed before anybody remembered: found again, under the same id.
    [found] = world.run()
    assert (found.dag_id, found.sha) == ("shop.pr", first)
    assert found.event is not None
    assert (found.event.kind, found.event.action) == (EventKind.PULL_REQUEST, "opened")
    assert (found.event.fork, found.event.head) == (False, "refs/heads/topic")
    # A title, a comment, a reviewer: no new commit.
    world.opened(7, first, title="$(touch x) {{ 7*7 }}")
    assert world.run() == []
    second = branch(world.repository, "topic", a="2")
    world.opened(7, second)
    [found] = world.run()
    assert found.run_id == f"pr__7__{second}"
    assert found.event is not None
    assert (found.event.action, found.event.title) == ("synchronized", "t")
    assert world.run() == []


def test_a_pull_request_to_another_branch_is_another_run(world: World) -> None:
    sha = branch(world.repository, "topic")
    branch(world.repository, "release/1")
    world.opened(7, sha)
    ids = [one.run_id for one in world.run()]
    world.opened(7, sha, branch="release/1")
    ids += [one.run_id for one in world.run()]
    assert world.run() == []
    world.opened(7, sha)
    ids += [one.run_id for one in world.run()]
    assert len(ids) == 3
    # Back again is what has been run already: Airflow takes an id once.
    assert ids[0] == ids[2] == f"pr__7__{sha}"
    assert ids[1].startswith(f"pr__7__{sha}__")


def test_what_a_fork_proposes_is_a_strangers(world: World) -> None:
    sha = propose(world.repository)
    world.opened(7, sha, repository=2)
    [found] = world.run()
    assert found.event is not None
    assert (found.event.fork, found.event.head) == (True, "refs/pull/7/head")


def test_what_no_branch_of_the_repository_leads_to_is_a_strangers_whatever_the_host_says(
    world: World,
) -> None:
    """At some hosts whoever may read a repository may propose, and has no branch for it."""
    sha = propose(world.repository)
    world.opened(7, sha, source="refs/pull/7/head")
    [found] = world.run()
    assert found.event is not None
    assert found.event.fork
    # Nor does the name of somebody else's branch help.
    branch(world.repository, "topic")
    world.opened(8, sha, source="topic")
    assert world.run() == []


def test_bitbuckets_twelve_digits_are_completed_by_git(world: World) -> None:
    world.kind = ForgeKind.BITBUCKET
    sha = branch(world.repository, "topic")
    world.opened(7, sha, repository="1")
    [found] = world.run()
    assert found.run_id == f"pr__7__{sha}"
    assert found.event is not None
    assert found.event.ref == "refs/pull-requests/7/from"
    assert world.run() == []
    # Its branch has moved since the host said so: the next look sees what it is.
    branch(world.repository, "topic", a="2")
    world.opened(7, "f" * 12, repository="1")
    assert world.run() == []


def test_bitbuckets_forks_are_asked_themselves(
    world: World, daemon: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.kind = ForgeKind.BITBUCKET
    base, url = daemon
    name = f"{world.repository.path.name}-fork"
    fork = Repository(base / name, f"{url}/{name}")
    sha = fork.commit("evil")
    monkeypatch.setattr("slipway.hooks.forge.bitbucket._origin", lambda _: fork.url, raising=True)
    world.opened(7, sha, source="main", repository="2")
    [found] = world.run()
    assert found.event is not None
    assert (found.sha, found.event.fork, found.event.origin) == (sha, True, fork.url)
    assert found.event.head == "refs/heads/main"


@pytest.mark.parametrize("which", ["gone", "private", "hostile"])
def test_a_fork_that_cannot_be_read_is_said_and_holds_up_no_other(
    world: World, daemon: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    world.kind = ForgeKind.BITBUCKET
    origin = "" if which == "gone" else f"{daemon[1]}/private"
    monkeypatch.setattr("slipway.hooks.forge.bitbucket._origin", lambda _: origin)
    sha = branch(world.repository, "topic")
    source = "--upload-pack=x" if which == "hostile" else "main"
    world.opened(7, "f" * 40, source=source, repository="2")
    world.opened(8, sha, repository="1")
    assert [one.sha for one in world.run()] == [sha]
    [problem] = world.problems
    assert isinstance(problem, RepositoryRefused)
    assert problem.message.startswith("pull request 7: ")


def test_at_first_sight_the_newest_are_run_and_later_all_in_turn(world: World) -> None:
    sha = propose(world.repository)
    for number in range(1, MOST_NEW + 6):
        world.opened(number, sha, repository=2)
    found = world.run()
    assert [one.run_id.split("__")[1] for one in found] == [str(n) for n in range(6, 26)]
    assert "the newest 20 run" in world.said[0]
    assert world.run() == []
    for number in range(101, 101 + MOST_NEW + 3):
        world.opened(number, sha, repository=2)
    assert [len(world.run()) for _ in range(3)] == [MOST_NEW, 3, 0]


def test_one_that_was_closed_and_opened_again_is_no_new_run(world: World) -> None:
    sha = branch(world.repository, "topic")
    world.opened(7, sha)
    [first] = world.run()
    del world.pulls[7]
    assert world.run() == []
    world.opened(7, sha)
    assert [one.run_id for one in world.run()] == [first.run_id]


def test_a_host_is_asked_now_and_then_and_left_alone_when_it_says_so(world: World) -> None:
    world.finder = PullRequests(clock=lambda: world.now)
    world.look()
    world.look()
    assert len(world.host.requests) == 1
    world.now += OWN
    world.host.script = [Reply(status=429, headers={"Retry-After": "900"})]
    with pytest.raises(ForgeUnavailable):
        world.look()
    world.now += 2 * OWN
    world.look()
    assert len(world.host.requests) == 2
    world.now += 900
    world.look()
    assert len(world.host.requests) == 3


def test_a_text_that_asks_not_to_be_built_is_kept(world: World) -> None:
    sha = branch(world.repository, "topic")
    world.opened(7, sha, title="Draft [ci skip]")
    assert world.run() == []
    world.opened(7, sha, title="Done")
    assert len(world.run()) == 1


def test_a_fork_leaves_nothing_where_releases_are_looked_for(world: World) -> None:
    sha = propose(world.repository)
    world.opened(7, sha, repository=2)
    assert len(world.run()) == 1
    assert not git_mirror(world.repository.url, None)._store.has(sha)
