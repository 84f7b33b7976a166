"""Where a record may lie, and what is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys


@pytest.fixture
def records(tmp_path: Path) -> SignedRecords:
    return SignedRecords(ArtifactStore((tmp_path / "store").as_uri()), lambda: RecordKeys(["k"]))


@pytest.mark.parametrize(
    "path",
    [
        "deployments/shop/dev/1_../../../../releases/shop/1.json",
        "a/../b.json",
        "..",
        "../a.json",
        "/a.json",
        "a//b.json",
        "a/./b.json",
        "a/",
        "",
        "releases/shop/..",
    ],
)
def test_a_version_that_leads_elsewhere_signs_nothing(
    records: SignedRecords, tmp_path: Path, path: str
) -> None:
    for put in (records.put, records.put_new):
        with pytest.raises(RecordRefused, match="is no place for a record"):
            put(path, {"a": 1})
    assert list(tmp_path.rglob("*")) == []


def test_dots_within_a_name_are_fine(records: SignedRecords) -> None:
    records.put("releases/shop/1..0+..g1.json", {"a": 1})
    assert records.get("releases/shop/1..0+..g1.json") == {"a": 1}


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_json_of_any_depth_is_refused_by_name(
    records: SignedRecords, opens: str, closes: str
) -> None:
    """Some depths can be read and not be written: both ways must end in the same words."""
    for depth in range(100, 1100):
        body = f'{{"signature":"s","x":{opens * depth}1{closes * depth}}}'
        records.store.put("releases/shop/1.json", body.encode())
        with pytest.raises(RecordRefused, match=r"releases/shop/1\.json"):
            records.get("releases/shop/1.json")
