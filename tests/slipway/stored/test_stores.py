"""A store that was written before an upgrade is read after it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.environments.snapshots import Snapshots
from slipway.hooks.store.notes.hooks import LastHook, last_finds, last_hook
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.board.snapshot import EnvironmentSnapshot
from tests.slipway.stored import stores


@pytest.fixture
def store(artifacts: Path) -> ArtifactStore:
    shutil.copytree(stores.STORE, artifacts, dirs_exist_ok=True)
    return artifact_store()


def test_releases_and_answers_count_as_before(store: ArtifactStore) -> None:
    assert ReleaseCatalogue(store).find("shop", "1.4.0") == stores.RECORD
    book = ApprovalBook(store, project="shop", environment="dev")
    proposal = book.proposal(stores.PROPOSAL.dag_id, stores.PROPOSAL.run_id)
    assert proposal == stores.PROPOSAL
    assert book.approval(stores.PROPOSAL) == stores.YES
    announced = RunFacts(store, dag_id="shop", run_id="r1").announced()
    assert announced is not None
    assert (announced.event, announced.sha) == (stores.PUSH, "c" * 40)


def test_the_board_shows_what_it_showed(store: ArtifactStore) -> None:
    found = Snapshots(store, stores.INSTALLATION).project("shop").of("dev")
    blank = EnvironmentSnapshot(project="shop", environment="dev", written_by=stores.INSTALLATION)
    assert found == stores.seen(blank)


def test_what_people_held_stays_held(store: ArtifactStore) -> None:
    held = ControlBook(store).of("shop", "dev").hold
    assert held is not None
    assert (held.by, held.at, held.why) == ("ann", 1.0, "slow")


def test_what_runs_left_for_the_next_is_found(store: ArtifactStore) -> None:
    found = stores.caches_of(store).find("default", "node_modules")
    assert found is not None
    with found:
        assert found.read() == stores.TAR


def test_hooks_that_came_are_known(store: ArtifactStore) -> None:
    assert last_hook(store, "shop") == LastHook(at=stores.NOW, host="github")
    assert last_finds(store, "shop") == [stores.NOW]
