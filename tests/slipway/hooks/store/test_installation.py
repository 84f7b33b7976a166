"""The name that keeps two catalogues of one account apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.installation import installation_name


def test_two_airflows_of_the_same_settings_have_different_names(tmp_path: Path) -> None:
    one, two = (ArtifactStore((tmp_path / name).as_uri()) for name in "ab")
    assert installation_name(one) == installation_name(one) != installation_name(two)
    assert installation_name(one).startswith("test-")


def test_tasks_that_make_it_at_once_agree_on_one(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: installation_name(store), range(16)))
    assert len(names) == 1


def test_who_writes_the_bucket_does_not_say_whose_images_these_are(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    installation_name(store)
    found = store.get_json("installation.json")
    store.put_json("installation.json", {**found, "name": "theirs"})
    with pytest.raises(RecordRefused):
        installation_name(store)
