"""A hook of a pull request has the host asked at once, and twice is one run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.hooks.airflow_runs import KnownRepository
from slipway.webhooks.look import Look, look_at
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.proposing import propose
from tests.slipway.tasks.watching.proposers import branch, played
from tests.slipway.webhooks.any_runs import AnyRuns
from tests.slipway.webhooks.shop import shop


@pytest.mark.usefixtures("artifacts")
def test_a_hook_runs_what_was_proposed_without_waiting_for_a_poll(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = AnyRuns()
    with played(repository, monkeypatch) as world:
        known: KnownRepository = replace(shop(repository).repository, watching=world.watching)
        look = Look(project="shop", repository=known, host="GitHub")
        look_at(look, runs)
        own, strange = branch(repository, "topic"), propose(repository)
        world.opened(7, own)
        world.opened(8, strange, repository=2)
        assert look_at(look, runs) == [f"pr__7__{own}", f"pr__8__{strange}"]
        assert runs.dags[-2:] == ["shop.pr", "shop.pr"]
        for _ in range(2):
            assert look_at(look, runs) == []
