"""Whoever writes the bucket does not write releases: a record counts as it was signed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import RecordRefused, ReleaseNotFound, VersionConflict
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.signing_keys import RecordKeys
from tests.slipway.hooks.store.release_records import numbered_record


@pytest.fixture
def catalogue(tmp_path: Path) -> ReleaseCatalogue:
    return ReleaseCatalogue(ArtifactStore(tmp_path.as_uri()))


VERSION = "1.0.0+2.g0000002"


@pytest.fixture
def file(catalogue: ReleaseCatalogue, tmp_path: Path) -> Path:
    """The record of a release, as whoever writes the bucket finds it."""
    catalogue.record(numbered_record(2))
    return tmp_path / "releases" / "shop" / f"{VERSION}.json"


def _edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_who_writes_the_bucket_does_not_write_releases(
    catalogue: ReleaseCatalogue, file: Path
) -> None:
    found = json.loads(file.read_text())
    package = found["package"] | {"sha256": "evil"}
    forgeries: list[dict[str, Any]] = [
        {"package": package},
        {"checkout": found["checkout"] | {"message": "harmless"}},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": None},
        {"signature": 1},
        {"tests": None, "schema": {"version": 1, "before": 0, "seconds": 0.0}},
        {"more": 1},
    ]
    whole = file.read_text()
    for forged in forgeries:
        file.write_text(whole)
        _edit(file, **forged)
        with pytest.raises(RecordRefused, match=r"is not (signed|what was signed there)"):
            catalogue.find("shop", VERSION)
        for read in (lambda: catalogue.recent("shop", 5), lambda: catalogue.newest("shop")):
            with pytest.raises(RecordRefused):
                read()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        '"x"',
        "{",
        "{}",
        "NaN",
        "[" * 100_000,
        "\ufeff{}",
        '{"signature": "\\u00e4"}',
        '{"signature": "\\ud800"}',
        '{"signature": NaN}',
    ],
    ids=range(13),
)
def test_what_is_no_record_at_all_is_refused(
    catalogue: ReleaseCatalogue, file: Path, text: str
) -> None:
    file.write_text(text)
    with pytest.raises((RecordRefused, ReleaseNotFound)):
        catalogue.find("shop", VERSION)


def test_a_record_that_was_copied_to_another_project_or_version_is_refused(
    catalogue: ReleaseCatalogue, file: Path
) -> None:
    for copy in ("shop/9.9.json", "shop-admin/1.0.0+2.g0000002.json"):
        path = file.parent.parent / copy
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.read_text())
        with pytest.raises(RecordRefused, match=copy.partition(".")[0]):
            catalogue.find(path.parent.name, path.name.removesuffix(".json"))
        path.unlink()


def test_a_version_stands_for_one_package_for_good(catalogue: ReleaseCatalogue) -> None:
    record = numbered_record(2)
    catalogue.record(record)
    other = replace(record, package=replace(record.package, sha256="other"))
    with pytest.raises(VersionConflict, match="recorded already, with other content"):
        catalogue.record(other)
    assert catalogue.find("shop", VERSION) == record


def test_a_record_that_lies_in_wait_for_a_release_is_not_replaced_in_silence(
    catalogue: ReleaseCatalogue, file: Path
) -> None:
    _edit(file, package={})
    with pytest.raises(RecordRefused):
        catalogue.record(numbered_record(2))


def test_records_of_before_a_rotation_are_read_as_long_as_their_key_is_named(
    tmp_path: Path,
) -> None:
    old, new, other = ("a" * 32, "b" * 32, "c" * 32)
    store = ArtifactStore(tmp_path.as_uri())

    def catalogue(*keys: str) -> ReleaseCatalogue:
        return ReleaseCatalogue(store, lambda: RecordKeys(keys))

    catalogue(old).record(numbered_record(1))
    catalogue(new, old).record(numbered_record(2))
    assert catalogue(new, old).newest("shop") == numbered_record(2)
    assert catalogue(new).find("shop", VERSION) == numbered_record(2)
    for keys in ((new,), (other, new)):
        with pytest.raises(RecordRefused) as refused:
            catalogue(*keys).find("shop", "0000001")
        assert "if its key was rotated, add it behind the first" in refused.value.advice
