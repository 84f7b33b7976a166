"""A hook tells that a pull request is over: its run is stopped by what the host's API says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slipway.hooks.airflow_runs import KnownRepository
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.closings import Closings
from slipway.webhooks.look import Look, look_at
from tests.fakes.git_server import Repository
from tests.slipway.tasks.watching.proposers import World, branch, played
from tests.slipway.tasks.watching.reasons import reason

pytestmark = pytest.mark.usefixtures("artifacts")


class Runs:
    """Airflow's runs, of which each id is there once."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def is_paused(self, dag_id: str) -> bool:
        return False

    def start(self, dag_id: str, run_id: str, conf: dict[str, str]) -> bool:
        if dag_id != "shop.pr" or run_id in self.ids:
            return False
        self.ids.append(run_id)
        return True


@pytest.fixture
def world(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with played(repository, monkeypatch) as one:
        yield one


def look(world: World) -> Look:
    known = KnownRepository(
        url=world.repository.url,
        branch="main",
        connection=None,
        webhook="shop",
        watching=world.watching,
    )
    return Look(project="shop", repository=known, host="GitHub")


def test_each_word_of_the_host_is_looked_at_and_the_run_ends_and_begins_anew(world: World) -> None:
    runs, sha = Runs(), branch(world.repository, "topic")
    world.opened(7, sha)
    look_at(look(world), runs)
    assert runs.ids == [f"pr__7__{sha}"]
    world.closed(7, merged=False)
    look_at(look(world), runs)
    # A second and third attempt of the same delivery change nothing.
    look_at(look(world), runs)
    assert reason(runs.ids[0]) == "pull request 7 was closed"
    world.opened(7, sha)
    look_at(look(world), runs)
    assert runs.ids == [f"pr__7__{sha}", f"pr__7__{sha}__2"]
    assert reason(runs.ids[1]) == ""


def test_a_word_that_is_not_true_ends_nothing(world: World) -> None:
    """A payload is a rumour: the host still says that it is open."""
    world.opened(7, branch(world.repository, "topic"))
    runs = Runs()
    look_at(look(world), runs)
    look_at(look(world), runs)
    assert Closings(artifact_store(), dag_id="shop.pr").of(7) is None
    assert reason(runs.ids[0]) == ""
