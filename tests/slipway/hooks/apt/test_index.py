"""What machines find in the apt repository."""

from __future__ import annotations

import pytest

from slipway.hooks.apt.index import AptIndex, architectures, read_packages

PACKAGES = """\
Package: shop
Version: 2:1.0+1
Architecture: all
Filename: pool/main/s/shop/shop_1.0+1_all.deb
SHA256: aa
Description: x
 Package: none
 SHA256: bb

Package: cart
Version: 1.0
Architecture: arm64
SHA256: cc
"""
NAME = "shop_2:1.0+1_all"


def test_an_index_is_read_by_aptlys_own_names() -> None:
    assert read_packages(PACKAGES) == {NAME: "aa", "cart_1.0_arm64": "cc"}
    assert read_packages("") == {}


def test_a_release_file_names_its_indexes() -> None:
    assert architectures("Suite: stable\nArchitectures: all amd64 arm64\n") == ["amd64", "arm64"]
    assert architectures("") == []


@pytest.mark.parametrize(
    ("name", "sha256", "without"),
    [
        (NAME, "aa", ["arm64"]),  # of all architectures, and one index lacks it
        (NAME, "other", ["amd64", "arm64"]),
        ("cart_1.0_arm64", "cc", []),  # amd64's machines never look for it
        ("cart_1.0_armhf", "cc", ["armhf"]),
        ("shop_1.0+1_all", "aa", ["amd64", "arm64"]),  # another epoch is another package
    ],
)
def test_what_a_machine_would_not_find(name: str, sha256: str, without: list[str]) -> None:
    index = AptIndex(packages={"amd64": {NAME: "aa"}, "arm64": {"cart_1.0_arm64": "cc"}})
    assert index.lacks(name, sha256) == without


def test_where_nothing_is_published_nobody_finds_anything() -> None:
    assert AptIndex().lacks(NAME, "aa") == ["amd64", "arm64"]
    assert AptIndex().names() == []
