"""What is used stays; the rest goes, a project at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from slipway.hooks.store import cache_retention
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.cache_retention import retire_caches
from slipway.hooks.store.caches import key_of
from slipway.model.cache import CacheLimits
from tests.slipway.hooks.store.caches import cases
from tests.slipway.hooks.store.caches.cases import NOW, TAR, Case, contents, killed

if TYPE_CHECKING:
    from pathlib import Path

root, store = cases.root, cases.store
# Retention

LIMITS = CacheLimits(unused=timedelta(days=14), size=1 << 30)


def test_what_is_used_stays_and_what_is_not_goes(store: ArtifactStore, root: Path) -> None:
    Case(store).keep()
    for day in (10, 20, 30):
        assert Case(store, now=NOW + timedelta(days=day)).find() == TAR
        assert list(retire_caches(store, {"shop": LIMITS}, NOW + timedelta(days=day))) == []
    [gone] = retire_caches(store, {"shop": LIMITS}, NOW + timedelta(days=45))
    assert gone.endswith(".json")
    assert contents(root) == []


def test_the_least_used_go_first_where_there_is_too_much(store: ArtifactStore) -> None:
    for number in range(4):
        keys = {"node_modules": key_of({"package-lock.json": b"%d" % number})}
        Case(store, keys=keys, now=NOW + timedelta(days=number)).keep()
    limits = CacheLimits(size=2 * len(TAR))
    assert len(list(retire_caches(store, {"shop": limits}, NOW + timedelta(days=4)))) == 2
    keys = {"node_modules": key_of({"package-lock.json": b"3"})}
    assert Case(store, keys=keys).find() == TAR


def test_a_project_that_is_here_no_more_is_tidied_too(store: ArtifactStore, root: Path) -> None:
    Case(store, project="gone").keep()
    assert len(list(retire_caches(store, {}, NOW + timedelta(days=15)))) == 1
    assert contents(root) == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_housekeeping_that_is_killed_goes_on(
    store: ArtifactStore, root: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    for number in range(2):
        Case(store, keys={"node_modules": key_of({"x": b"%d" % number})}).keep()
    delete, left = ArtifactStore.delete, [times]

    def dying(self: ArtifactStore, key: str) -> None:
        delete(self, key)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    later = datetime.now(UTC) + timedelta(days=60)
    with monkeypatch.context() as patch:
        patch.setattr(ArtifactStore, "delete", dying)
        with pytest.raises(KeyboardInterrupt):
            list(retire_caches(store, {"shop": LIMITS}, later))
    list(retire_caches(store, {"shop": LIMITS}, later))
    assert [path for path in (root / "caches").rglob("*") if path.is_file()] == []


def test_bytes_that_are_just_being_kept_are_left_alone(store: ArtifactStore, root: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArtifactStore, "put_json", killed)
        with pytest.raises(KeyboardInterrupt):
            Case(store).keep()
    now = datetime.now(UTC)
    list(retire_caches(store, {"shop": LIMITS}, now))
    assert len(contents(root)) == 1
    list(retire_caches(store, {"shop": LIMITS}, now + timedelta(days=2)))
    assert contents(root) == []


def test_it_is_looked_through_once_an_hour(store: ArtifactStore) -> None:
    Case(store).keep()
    later = NOW + timedelta(days=1)
    list(retire_caches(store, {"shop": LIMITS}, later))
    assert list(retire_caches(store, {"shop": CacheLimits(size=1)}, later)) == []
    after = later + timedelta(hours=1)
    assert len(list(retire_caches(store, {"shop": CacheLimits(size=1)}, after))) == 1


def test_of_many_projects_each_has_its_turn(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        Case(store, project=name).keep()
    monkeypatch.setattr(cache_retention, "_PATIENCE", -1.0)
    later = datetime.now(UTC) + timedelta(days=60)
    looks = [[at.split("/")[1] for at in retire_caches(store, {}, later)] for _ in range(3)]
    assert looks == [["a"], ["b"], ["c"]]
