from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.deployments import DeploymentHistory, previous
from slipway.model.facts import Release


@pytest.mark.parametrize(
    ("history", "serving", "expected"),
    [
        ("", "A", None),
        ("A", "A", None),
        ("AB", "B", "A"),
        ("ABC", "C", "B"),
        # B was gone back to, so C was bad: the way back from B leads to A, never to C.
        ("ABCB", "B", "A"),
        ("ABCBA", "A", None),
        # D came after the way back; C is out for good.
        ("ABCBD", "D", "B"),
        # C was given another chance, which makes it good again.
        ("ABCBC", "C", "B"),
        # The same release twice is one release.
        ("AABB", "B", "A"),
        # A task of an old run was run again: what serves was noted before it.
        ("ABCA", "C", "B"),
        # What serves was never noted: the last good one was before it.
        ("ABCB", "X", "B"),
    ],
)
def test_the_way_back_leads_to_the_last_good_release(
    history: str, serving: str, expected: str | None
) -> None:
    assert previous(list(history), serving) == expected


def _noted(history: DeploymentHistory, *versions: str, environment: str = "prod") -> None:
    for version in versions:
        release = Release(project="shop", sha="a" * 40, version=version)
        history.record(release, environment, run_id="r")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path.as_uri())


def _names(store: ArtifactStore, environment: str = "prod") -> list[str]:
    return store.keys(f"deployments/shop/{environment}")


def test_the_history_is_read_in_the_order_in_which_it_was_written(store: ArtifactStore) -> None:
    history = DeploymentHistory(store)
    versions = [f"1.0.0+{number}.gabcdef{number}" for number in range(12)]
    _noted(history, *versions, versions[0])
    assert history.versions("shop", "prod") == [*versions, versions[0]]
    assert history.versions("shop", "dev") == []


def test_workers_whose_clocks_go_wrong_do_not_steer_the_way_back(store: ArtifactStore) -> None:
    ticks = count(4_000_000_000, -1_000_000)  # from 2096 on, each a few days before the last
    history = DeploymentHistory(store, lambda: float(next(ticks)))
    _noted(history, "1", "2", "3")
    assert history.versions("shop", "prod") == ["1", "2", "3"]
    assert previous(history.versions("shop", "prod"), "3") == "2"


def test_an_entry_says_what_came_when_and_by_which_run(store: ArtifactStore) -> None:
    history = DeploymentHistory(store, lambda: 12.5)
    history.record(Release(project="shop", sha="a", version="1"), "prod", run_id="manual__7")
    (name,) = _names(store)
    found = store.get_json(f"deployments/shop/prod/{name}")
    assert found.pop("signature")
    assert found == {
        "project": "shop",
        "sha": "a",
        "version": "1",
        "at": 12.5,
        "run_id": "manual__7",
    }


def test_an_entry_that_the_buckets_writer_made_up_is_refused(store: ArtifactStore) -> None:
    history = DeploymentHistory(store)
    _noted(history, "1", "2")
    store.put_json(f"deployments/shop/prod/000000000001000002_9_{'0' * 32}.json", {})
    with pytest.raises(RecordRefused, match="was not signed by this Slipway"):
        history.versions("shop", "prod")


@pytest.mark.parametrize(
    "name", ["000000000001000002_9_ä.json", "1_2_3_4.json", "x.json", "12.json", "__.json", "1_2_"]
)
def test_odd_names_are_no_entries_or_refused(store: ArtifactStore, name: str) -> None:
    history = DeploymentHistory(store)
    _noted(history, "1")
    store.put(f"deployments/shop/prod/{name}", b"")
    _noted(history, "2")
    with suppress(RecordRefused):
        assert history.versions("shop", "prod") == ["1", "2"]


def test_an_entry_that_was_made_up_leaves_no_gap_when_it_is_gone(store: ArtifactStore) -> None:
    history = DeploymentHistory(store)
    _noted(history, "1")
    forged = f"deployments/shop/prod/{'9' * 18}_9_{'0' * 32}.json"
    store.put_json(forged, {})
    _noted(history, "2")
    store.delete(forged)
    assert history.versions("shop", "prod") == ["1", "2"]


@pytest.mark.parametrize("place", ["other environment", "other version", "later"])
def test_an_entry_that_was_moved_is_refused(store: ArtifactStore, place: str) -> None:
    history = DeploymentHistory(store)
    _noted(history, "1", "2")
    _noted(history, "7", environment="dev")
    first = _names(store)[0]
    number, version, stamp = first.removesuffix(".json").split("_")
    copy = {
        "other environment": _names(store, "dev")[0],
        "other version": f"{number}_3_{stamp}.json",
        "later": f"{int(number) + 2:018d}_{version}_{stamp}.json",
    }[place]
    store.put_json(f"deployments/shop/prod/{copy}", {})
    with pytest.raises(RecordRefused):
        history.versions("shop", "prod")


def test_who_takes_an_entry_away_does_not_choose_the_previous_release(store: ArtifactStore) -> None:
    history = DeploymentHistory(store)
    _noted(history, "1", "2", "3")
    store.delete(f"deployments/shop/prod/{_names(store)[1]}")
    with pytest.raises(RecordRefused, match=r"the entry 000000000001000001 .* is missing"):
        history.versions("shop", "prod")


def test_the_oldest_entries_may_be_tidied_away(store: ArtifactStore) -> None:
    history = DeploymentHistory(store)
    _noted(history, "1", "2", "3")
    store.delete(f"deployments/shop/prod/{_names(store)[0]}")
    assert history.versions("shop", "prod") == ["2", "3"]


def test_entries_of_before_an_upgrade_are_older_than_all_new_ones(store: ArtifactStore) -> None:
    history = DeploymentHistory(store)
    for number, version in ((1_700_000_000_000_000, "1"), (1_700_000_100_000_000, "2")):
        path = f"deployments/shop/prod/{number:018d}_{version}.json"
        store.put_json(path, {"version": version})
    _noted(history, "3")
    with pytest.raises(RecordRefused, match="is not signed") as refused:
        history.versions("shop", "prod")
    assert "fab sign-records" in refused.value.advice
    seen = {path: store.get_json(path) for path in history.unsigned("shop", "prod")}
    assert len(seen) == 2
    history.adopt("shop", "prod", seen)
    _noted(history, "4")
    assert history.versions("shop", "prod") == ["1", "2", "3", "4"]
    assert history.unsigned("shop", "prod") == []
