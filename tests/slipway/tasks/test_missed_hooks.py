"""When the last hook came, and what is said where none comes any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.hooks import last_hook, note_hook
from slipway.tasks.missed_hooks import note_find
from tests.slipway.sensors.polls import hand_on

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(artifacts: Path) -> ArtifactStore:
    return artifact_store()


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_where_no_hook_ever_came_nobody_misses_one(store: ArtifactStore, artifacts: Path) -> None:
    for minutes in range(10):
        assert note_find(store, "shop", after(minutes * 60)) is None
    assert not (artifacts / "hooks").exists()


def test_hooks_that_stop_while_polls_find_commits_are_missed(store: ArtifactStore) -> None:
    note_hook(store, "shop", "Bitbucket Data Center", NOON)
    assert note_find(store, "shop", after(30)) is None, "the push may have been too large"
    said = note_find(store, "shop", after(90))
    assert said is not None
    assert "shop: webhooks have stopped coming: 2 polls in a row found commits" in said
    assert "Bitbucket Data Center" in said
    assert "2026-03-01 12:00 UTC" in said
    assert "fab hook shop" in said
    assert "3 polls in a row" in (note_find(store, "shop", after(95)) or "")


def test_a_poll_that_overtakes_its_hook_misses_nothing(store: ArtifactStore) -> None:
    note_hook(store, "shop", "GitHub", NOON)
    for minutes in range(0, 100, 10):
        assert note_find(store, "shop", after(minutes + 1)) is None
        note_hook(store, "shop", "GitHub", after(minutes + 1.1))


def test_two_pushes_of_a_moment_wait_for_their_hooks(store: ArtifactStore) -> None:
    note_hook(store, "shop", "GitHub", NOON)
    assert note_find(store, "shop", after(10)) is None
    assert note_find(store, "shop", after(11)) is None
    assert note_find(store, "shop", after(16)) is not None


def test_a_hook_that_comes_again_ends_it(store: ArtifactStore) -> None:
    note_hook(store, "shop", "GitHub", NOON)
    for minutes in (10, 20):
        said = note_find(store, "shop", after(minutes))
    assert said is not None
    note_hook(store, "shop", "GitHub", after(30))
    assert note_find(store, "shop", after(40)) is None


def test_each_project_has_its_own(store: ArtifactStore) -> None:
    note_hook(store, "shop", "GitHub", NOON)
    for minutes in (10, 20, 30):
        assert note_find(store, "mail", after(minutes)) is None


def test_finds_are_not_remembered_without_end(store: ArtifactStore) -> None:
    note_hook(store, "shop", "GitHub", NOON)
    for minutes in range(10, 100):
        note_find(store, "shop", after(minutes))
    assert len(store.get_json("hooks/shop.found.json")) == 20
    assert store.get_json("hooks/shop.found.json")[0] == after(10).isoformat()


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"at": 7}',
        b'{"at": "soon"}',
        b'{"at": "2026-03-01T12:00:00"}',
        b"[" * 100_000,
        b"\xff",
        b'{"host": "x"}',
    ],
)
def test_what_is_no_note_is_as_good_as_none(store: ArtifactStore, stored: bytes) -> None:
    store.put("hooks/shop.json", stored)
    assert last_hook(store, "shop") is None
    assert note_find(store, "shop", NOON) is None
    note_hook(store, "shop", "GitHub", NOON)
    store.put("hooks/shop.found.json", stored)
    assert note_find(store, "shop", after(10)) is None


def test_the_watcher_says_it_when_it_has_made_the_runs(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    note_hook(store, "shop", "GitHub", NOON - timedelta(days=900))
    store.put_json("hooks/shop.found.json", [(NOON - timedelta(days=899)).isoformat()])
    assert hand_on("shop", "1" * 40) == {"shop": "1" * 40}
    assert "shop: webhooks have stopped coming" in capsys.readouterr().out
