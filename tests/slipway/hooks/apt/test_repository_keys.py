"""The key that the repository has now, whatever a release's record remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.facts import Release
from slipway.tasks.images.layers import Layers
from tests.slipway.operators.releases import make_record

ROOT = Path(__file__).resolve().parents[4]
URL, DISTRIBUTION = "http://apt/x", "stable"


def test_an_old_release_is_baked_with_the_key_of_today(tmp_path: Path) -> None:
    keys = RepositoryKeys(ArtifactStore(tmp_path.as_uri()))
    assert keys.current(URL, DISTRIBUTION) is None
    for key in ("old", "new"):
        keys.note(URL, DISTRIBUTION, key)
    assert keys.current(URL, DISTRIBUTION) == "new"
    assert keys.current(URL, "testing") is None
    layers = Layers(region="eu-west-1", unit="shop.service", config={}, recipes=str(ROOT))
    package = make_record("1.0").package
    baked = layers.app(package, "ami-0", "n", keys.current(URL, DISTRIBUTION))
    assert baked.variables["app_repository_key"] == "new"
    # On the day of an upgrade nothing was noted yet, and the record's key is the repository's.
    assert layers.app(package, "ami-0", "n").variables["app_repository_key"] == "k"
    assert baked.variables["app_sha256"] == package.sha256


def test_who_writes_the_bucket_does_not_choose_the_key(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path.as_uri())
    keys = RepositoryKeys(store)
    keys.note(URL, DISTRIBUTION, "ours")
    (name,) = store.keys("apt-keys")
    found = store.get_json(f"apt-keys/{name}")
    store.put_json(f"apt-keys/{name}", {**found, "key": "theirs"})
    with pytest.raises(RecordRefused):
        keys.current(URL, DISTRIBUTION)


def test_the_longest_names_still_make_an_image_name_that_aws_takes() -> None:
    layers = Layers(region="eu-west-1", unit="u", config={}, recipes=str(ROOT))
    package = make_record("1.0").package
    version = f"1.0.0+{'1' * 100}.gabcdef0"
    long = Release(project="p" * 41, sha="a" * 40, version=version)
    bake = layers.app(replace(package, release=long), "ami-0", "n")
    assert len(f"{bake.image_name}-12345678-99") <= 128
