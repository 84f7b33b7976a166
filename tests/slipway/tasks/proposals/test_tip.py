"""A newer commit of a pull request ends the older ones' runs, wherever it was proposed."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.tasks.making_way.superseded_run import Superseding
from slipway.tasks.proposals.tip import PullRequestTip
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.proposing import propose

pytestmark = pytest.mark.usefixtures("artifacts")


def newer(repository: Repository, sha: str) -> str | None:
    superseding = Superseding(
        repository=repository.source, tip=PullRequestTip(repository=repository.source)
    )
    return superseding.newer("shop.pr", f"pr__7__{sha}")


def announce(event: Event, sha: str) -> None:
    RunFacts(artifact_store(), dag_id="shop.pr", run_id=f"pr__7__{sha}").announce(event, sha)


def test_a_pull_request_that_was_rewritten_makes_way_and_leaves_no_trace(
    repository: Repository,
) -> None:
    repository.commit(base="1")
    event = Event.pull_request(7, branch="main", source="topic", fork=True)
    first = propose(repository, topic="1")
    announce(event, first)
    assert newer(repository, first) is None
    second = propose(repository, topic="2")
    announce(event, second)
    assert newer(repository, first) == second[:7]
    assert newer(repository, second) is None
    # Whoever announces the older one late ends nothing.
    announce(event, first)
    assert newer(repository, second) is None
    assert not git_mirror(repository.url, None)._store.has(second)


def test_a_fork_is_asked_itself(daemon: tuple[Path, str], repository: Repository) -> None:
    base, url = daemon
    repository.commit(base="1")
    name = f"{repository.path.name}-fork"
    fork = Repository(base / name, f"{url}/{name}")
    event = Event.pull_request(
        7, branch="main", source="main", fork=True, head="refs/heads/main", origin=fork.url
    )
    first = fork.commit("first")
    announce(event, first)
    second = fork.commit("second")
    announce(event, second)
    assert newer(repository, first) == second[:7]
    assert newer(repository, second) is None
    fork.path.rename(fork.path.with_suffix(".gone"))
    assert newer(repository, first) is None
