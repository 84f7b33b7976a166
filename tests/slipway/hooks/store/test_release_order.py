from __future__ import annotations

from dataclasses import replace

from slipway.hooks.store.release_order import in_order
from slipway.hooks.store.releases import ReleaseRecord
from tests.slipway.operators.releases import make_record


def _record(version: str, position: int | None, *, committed_at: int = 0) -> ReleaseRecord:
    record = make_record(version, committed_at=committed_at)
    return replace(record, checkout=replace(record.checkout, position=position))


def _order(*records: ReleaseRecord) -> list[str]:
    return [record.checkout.release.version for record in in_order(records)]


def test_a_commit_from_the_year_2037_is_not_the_newest() -> None:
    future = _record("1.0.0+4.gaaaaaaa", 4, committed_at=2_114_380_800)
    later = _record("1.0.0+5.gbbbbbbb", 5, committed_at=1_700_000_000)
    assert _order(later, future) == ["1.0.0+4.gaaaaaaa", "1.0.0+5.gbbbbbbb"]


def test_a_strangers_tag_of_a_great_version_changes_no_order() -> None:
    tagged = _record("9.9.9+0.gaaaaaaa", 4)
    later = _record("1.0.0+5.gbbbbbbb", 5)
    assert _order(later, tagged) == ["9.9.9+0.gaaaaaaa", "1.0.0+5.gbbbbbbb"]


def test_what_left_the_branch_at_one_place_is_in_the_order_of_its_versions() -> None:
    records = [_record(f"1.0.0+{n}.gaaaaaaa", 7) for n in (10, 9, 8)]
    after = _record("1.0.0+9.gccccccc", 8)
    assert _order(after, *records) == [
        "1.0.0+8.gaaaaaaa",
        "1.0.0+9.gaaaaaaa",
        "1.0.0+10.gaaaaaaa",
        "1.0.0+9.gccccccc",
    ]


def test_records_without_places_are_fitted_in_by_their_versions() -> None:
    old = [_record(f"1.0.0+{n}.gaaaaaaa", None) for n in (4, 10, 5)]
    again = _record("1.0.0+3.gbbbbbbb", 3)
    new = _record("1.0.0+11.gbbbbbbb", 11)
    assert _order(new, *old, again) == [
        "1.0.0+3.gbbbbbbb",
        "1.0.0+4.gaaaaaaa",
        "1.0.0+5.gaaaaaaa",
        "1.0.0+10.gaaaaaaa",
        "1.0.0+11.gbbbbbbb",
    ]


def test_any_version_has_its_place() -> None:
    assert _order(_record("a", None), _record("1.0", None)) == ["1.0", "a"]
