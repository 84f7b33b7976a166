from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import ReleaseNotFound
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from tests.slipway.hooks.store.release_records import numbered_record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def catalogue(tmp_path: Path) -> ReleaseCatalogue:
    return ReleaseCatalogue(ArtifactStore(tmp_path.as_uri()))


def test_finds_by_version_and_by_sha(catalogue: ReleaseCatalogue) -> None:
    for number in (2, 10, 1):
        catalogue.record(numbered_record(number))
    assert catalogue.find("shop", "1.0.0+2.g0000002") == numbered_record(2)
    assert catalogue.find("shop", "000000a") == numbered_record(10)
    assert catalogue.find("shop", numbered_record(1).checkout.release.sha) == numbered_record(1)
    assert catalogue.newest("shop") == numbered_record(10)


def test_a_release_that_is_there_is_one_object_and_no_listing(
    catalogue: ReleaseCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each task of a swap asks, and a project may have thousands of releases."""
    catalogue.record(numbered_record(2))
    monkeypatch.setattr(ArtifactStore, "keys", None)  # whoever lists fails
    assert catalogue.find("shop", "1.0.0+2.g0000002") == numbered_record(2)


@pytest.mark.parametrize(
    "version",
    ["1.0.0+3.g0000003", "000", "../../etc/passwd", "", "1/../2", "\0", "1" * 5000, ".", "~"],
)
def test_an_unknown_version_names_what_there_is(catalogue: ReleaseCatalogue, version: str) -> None:
    catalogue.record(numbered_record(2))
    with pytest.raises(ReleaseNotFound, match=r"there is 1\.0\.0\+2\.g0000002"):
        catalogue.find("shop", version)


def test_the_last_releases_come_in_the_order_of_history(catalogue: ReleaseCatalogue) -> None:
    for number in (2, 10, 1, 9):
        catalogue.record(numbered_record(number))
    found = catalogue.recent("shop", 3)
    assert found == [numbered_record(10), numbered_record(9), numbered_record(2)]
    assert catalogue.recent("other", 3) == []


def test_an_empty_catalogue_says_so(catalogue: ReleaseCatalogue) -> None:
    with pytest.raises(ReleaseNotFound, match="no release yet"):
        catalogue.newest("shop")


def test_a_record_is_replaced_whole(catalogue: ReleaseCatalogue, tmp_path: Path) -> None:
    catalogue.record(numbered_record(2))
    catalogue.record(numbered_record(2))
    assert [path.name for path in (tmp_path / "releases" / "shop").iterdir()] == [
        "1.0.0+2.g0000002.json"
    ]


def _sha(number: int) -> str:
    return numbered_record(number).checkout.release.sha


def _placed(number: int, position: int, *, committed_at: int = 0) -> ReleaseRecord:
    record = numbered_record(number)
    checkout = replace(record.checkout, position=position, committed_at=committed_at)
    return replace(record, checkout=checkout)


def test_the_newest_is_the_last_release_of_the_branch(catalogue: ReleaseCatalogue) -> None:
    for number in (1, 2, 3):
        catalogue.record(_placed(number, number))
    line = [_sha(9), _sha(3), _sha(2), _sha(1)]
    assert catalogue.newest("shop", line) == _placed(3, 3)
    assert catalogue.newest("shop", line[2:]) == _placed(2, 2)
    assert catalogue.newest("shop") == _placed(3, 3)


def test_a_commit_that_was_dropped_by_a_force_push_is_not_the_newest(
    catalogue: ReleaseCatalogue,
) -> None:
    catalogue.record(_placed(1, 1))
    catalogue.record(_placed(2, 2, committed_at=2_114_380_800))
    assert catalogue.newest("shop", [_sha(5), _sha(1)]) == _placed(1, 1)


def test_where_the_branch_has_no_release_none_is_taken_for_the_newest(
    catalogue: ReleaseCatalogue,
) -> None:
    catalogue.record(_placed(1, 1))
    with pytest.raises(ReleaseNotFound, match="on the delivered branch of shop") as refused:
        catalogue.newest("shop", [_sha(5)])
    assert "name the version" in refused.value.advice


def test_a_commit_whose_sha_begins_like_a_releases_is_not_taken_for_it(
    catalogue: ReleaseCatalogue,
) -> None:
    catalogue.record(numbered_record(2))
    other = _sha(2)[:7] + "f" * 33
    with pytest.raises(ReleaseNotFound):
        catalogue.find("shop", other)
    with pytest.raises(ReleaseNotFound):
        catalogue.newest("shop", [other])
    assert catalogue.newest("shop", [other, _sha(2)]) == numbered_record(2)


def test_of_two_versions_of_a_commit_the_later_is_meant(catalogue: ReleaseCatalogue) -> None:
    first = numbered_record(2)
    release = replace(first.checkout.release, version="1.1.0+0.g0000002")
    again = replace(first, checkout=replace(first.checkout, release=release))
    catalogue.record(first)
    catalogue.record(again)
    assert catalogue.find("shop", _sha(2)) == again
    assert catalogue.newest("shop", [_sha(2)]) == again
    assert sorted(catalogue.versions_of(release)) == ["1.0.0+2.g0000002", "1.1.0+0.g0000002"]


def test_two_releases_whose_shas_begin_alike_need_more_digits(catalogue: ReleaseCatalogue) -> None:
    first = numbered_record(2)
    release = replace(first.checkout.release, sha="0000002" + "f" * 33, version="1.0.0+3.g0000002")
    other = replace(first, checkout=replace(first.checkout, release=release))
    catalogue.record(first)
    catalogue.record(other)
    with pytest.raises(ReleaseNotFound):
        catalogue.find("shop", "0000002")
    assert catalogue.find("shop", "0000002f") == other
    assert catalogue.find("shop", "00000020") == first


def test_an_edition_is_its_release_under_its_own_name(catalogue: ReleaseCatalogue) -> None:
    plain = numbered_record(2)
    catalogue.record(plain)
    version = plain.checkout.release.version
    later = catalogue.find("shop", f"{version}@0123abcd")
    assert later.checkout.release.version == f"{version}@0123abcd"
    assert later.package.release == later.checkout.release
    assert (later.checkout.release.sha, later.package.digest) == (
        plain.checkout.release.sha,
        plain.package.digest,
    )
    assert catalogue.versions("shop") == [version]
    for name in ("9.0@0123abcd", f"{version}@../1.0", f"{version}@"):
        with pytest.raises(ReleaseNotFound):
            catalogue.find("shop", name)
