from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.hooks.store import build_numbers
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.build_numbers import BuildNumbers


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore((tmp_path / "artifacts").as_uri())


def _claim(store: ArtifactStore, project: str = "shop", commits: int = 7) -> int:
    return BuildNumbers(store, project).claim("commit__abc", commits=lambda: commits)


def test_numbers_only_grow_also_for_a_commit_that_is_built_again(store: ArtifactStore) -> None:
    assert [_claim(store) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert _claim(store, "other") == 1


def test_two_workers_never_get_the_same_number(store: ArtifactStore) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        numbers = list(pool.map(lambda _: _claim(store), range(60)))
    assert sorted(numbers) == list(range(1, 61))


def test_a_project_of_an_earlier_version_goes_on_above_the_numbers_that_it_had(
    store: ArtifactStore,
) -> None:
    """They were the commits since a tag, so never more than there are."""
    store.put_json("releases/shop/0.0.0+40.gaaaaaaa.json", {})
    assert [_claim(store, commits=41), _claim(store, commits=2)] == [42, 43]


def test_old_claims_are_removed_and_the_highest_never(store: ArtifactStore) -> None:
    for _ in range(60):
        _claim(store)
    kept = store.keys("builds/shop")
    assert len(kept) <= 52
    assert "60.json" in kept
    assert "1.json" not in kept


def test_a_worker_that_slept_while_others_built_takes_no_number_twice(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = BuildNumbers._claimed
    slept = False

    def asleep(self: BuildNumbers) -> list[int]:
        nonlocal slept
        found = seen(self)
        if not slept:
            slept = True
            for _ in range(build_numbers._KEPT + 10):
                _claim(store)
        return found

    monkeypatch.setattr(BuildNumbers, "_claimed", asleep)
    assert _claim(store) == build_numbers._KEPT + 11


def test_what_is_no_number_in_the_store_is_passed_over(store: ArtifactStore) -> None:
    for name in ("x", "-3", "1e9", "9" * 5000, "\u0663", "007"):
        if len(name) < 200:
            store.put(f"builds/shop/{name}.json", b"{}")
    assert _claim(store) == 1
