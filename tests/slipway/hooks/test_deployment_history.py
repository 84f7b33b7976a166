from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from slipway.facts import Release
from slipway.hooks.artifact_store import ArtifactStore
from slipway.hooks.deployment_history import DeploymentHistory, previous


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


def test_the_history_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    # Ten of them, a digit apart at 10 s, which names without leading zeros would sort wrongly.
    ticks = count(5)
    history = DeploymentHistory(ArtifactStore(tmp_path.as_uri()), lambda: float(next(ticks)))
    versions = [f"1.0.0+{number}.gabcdef{number}" for number in range(10)]
    for version in [*versions, versions[0]]:
        release = Release(project="shop", sha="a" * 40, version=version)
        history.record(release, "prod", run_id="r")
    assert history.versions("shop", "prod") == [*versions, versions[0]]
    assert history.versions("shop", "dev") == []


def test_an_entry_says_what_came_when_and_by_which_run(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    history = DeploymentHistory(store, lambda: 12.5)
    history.record(Release(project="shop", sha="a", version="1"), "prod", run_id="manual__7")
    assert store.get_json("deployments/shop/prod/000000000012500000_1.json") == {
        "project": "shop", "sha": "a", "version": "1", "at": 12.5, "run_id": "manual__7",
    }  # fmt: skip
