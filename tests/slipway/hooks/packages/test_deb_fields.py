"""What a package says of itself, and file names are made of."""

from __future__ import annotations

import pytest

from slipway.exceptions import PackageRefused
from slipway.hooks.packages.deb_fields import checked

RIGHT = {"Package": "shop", "Version": "1.4.0+42.g3f2a1b7", "Architecture": "all"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Package", "g++-12"),
        ("Version", "1:2.0~rc1-1"),
        ("Version", "0"),
        ("Architecture", "amd64"),
        ("Architecture", "arm64"),
        ("Architecture", "i386"),
    ],
)
def test_what_debian_calls_packages(field: str, value: str) -> None:
    assert value in checked({**RIGHT, field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("Architecture", one)
            for one in (
                "x/../../evil",
                "..",
                ".",
                "",
                "any",
                "all amd64",
                "amd64\n",
                "ALL",
                "source",
                "a/b",
            )
        ),
        *(("Version", one) for one in ("..", "1/2", "1/../2", "", "v1", "1 2", "1:", "1\n", "a:1")),
        *(("Package", one) for one in ("..", "a", "", "Shop", "sh/op", "../shop", "shop\n", "-x")),
    ],
)
def test_a_package_does_not_leave_its_place_by_a_field(field: str, value: str) -> None:
    with pytest.raises(PackageRefused, match=f"the package's {field} is "):
        checked({**RIGHT, field: value})


def test_a_field_that_is_not_there_is_none() -> None:
    for field in RIGHT:
        with pytest.raises(PackageRefused, match=field):
            checked({name: value for name, value in RIGHT.items() if name != field})
