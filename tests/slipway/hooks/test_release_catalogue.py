from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import ReleaseNotFound
from slipway.facts import Checkout, PublishedPackage, Release
from slipway.hooks.artifact_store import ArtifactStore
from slipway.hooks.release_catalogue import ReleaseCatalogue, ReleaseRecord

if TYPE_CHECKING:
    from pathlib import Path


def _record(number: int) -> ReleaseRecord:
    sha = f"{number:07x}" + "0" * 33
    release = Release(project="shop", sha=sha, version=f"1.0.0+{number}.g{sha[:7]}")
    return ReleaseRecord(
        checkout=Checkout(
            release=release, repository="u", ref="main", branch="main", message="m",
            author_name="a", author_email="e", committed_at=number,
        ),
        package=PublishedPackage(
            release=release, name="shop", version=release.version, architecture="all",
            sha256="0", repository_url="http://x", distribution="stable", component="main",
            signing_key="k",
        ),
    )  # fmt: skip


@pytest.fixture
def catalogue(tmp_path: Path) -> ReleaseCatalogue:
    return ReleaseCatalogue(ArtifactStore(tmp_path.as_uri()))


def test_finds_by_version_and_by_sha(catalogue: ReleaseCatalogue) -> None:
    for number in (2, 10, 1):
        catalogue.record(_record(number))
    assert catalogue.find("shop", "1.0.0+2.g0000002") == _record(2)
    assert catalogue.find("shop", "000000a") == _record(10)
    assert catalogue.find("shop", _record(1).checkout.release.sha) == _record(1)
    assert catalogue.newest("shop") == _record(10)


@pytest.mark.parametrize("version", ["1.0.0+3.g0000003", "000", "../../etc/passwd", ""])
def test_an_unknown_version_names_what_there_is(catalogue: ReleaseCatalogue, version: str) -> None:
    catalogue.record(_record(2))
    with pytest.raises(ReleaseNotFound, match=r"there is 1\.0\.0\+2\.g0000002"):
        catalogue.find("shop", version)


def test_the_last_releases_come_in_the_order_of_history(catalogue: ReleaseCatalogue) -> None:
    for number in (2, 10, 1, 9):
        catalogue.record(_record(number))
    found = catalogue.recent("shop", 3)
    assert found == [_record(10), _record(9), _record(2)]
    assert catalogue.recent("other", 3) == []


def test_an_empty_catalogue_says_so(catalogue: ReleaseCatalogue) -> None:
    with pytest.raises(ReleaseNotFound, match="no release yet"):
        catalogue.newest("shop")


def test_a_record_is_replaced_whole(catalogue: ReleaseCatalogue, tmp_path: Path) -> None:
    catalogue.record(_record(2))
    catalogue.record(_record(2))
    assert [path.name for path in (tmp_path / "releases" / "shop").iterdir()] == [
        "1.0.0+2.g0000002.json"
    ]
