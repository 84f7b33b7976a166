"""Packages for machines of several kinds: which one of them is for which."""

from __future__ import annotations

import pytest

from slipway.exceptions import PackageRefused
from slipway.hooks.packages.ready_debs import ReadyDebs, ready_debs
from tests.slipway.hooks.packages import pipeline_debs as alone
from tests.slipway.hooks.packages.pipeline_debs import VERSION, control


def look(*suites: str, **controls: bytes) -> list[ReadyDebs]:
    def with_suites(*arguments: object, **words: object) -> ReadyDebs:
        return ready_debs(*arguments, **words, suites=suites)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alone, "ready_debs", with_suites)
        first = alone.look(**controls)
    return [first, *first.others]


def told(found: list[ReadyDebs]) -> list[tuple[str, str, str, list[str]]]:
    return [
        (one.suite, one.main.architecture, one.main.version, [deb.name for deb in one.beside])
        for one in found
    ]


def test_one_package_for_each_architecture() -> None:
    found = look(shop_a=control(arch="amd64"), shop_b=control(arch="arm64"))
    assert told(found) == [("", "amd64", VERSION, []), ("", "arm64", VERSION, [])]


def test_what_is_of_any_architecture_goes_along_with_each() -> None:
    found = look(
        shop_a=control(arch="amd64"),
        shop_b=control(arch="arm64"),
        data=control("shop-data"),
        native=control("shop-native", arch="arm64"),
    )
    assert told(found) == [
        ("", "amd64", VERSION, ["shop-data"]),
        ("", "arm64", VERSION, ["shop-data", "shop-native"]),
    ]


def test_packages_of_two_suites_are_told_by_their_revision() -> None:
    versions = {suite: f"{VERSION}-1~{suite}" for suite in ("bookworm", "trixie")}
    found = look(
        "bookworm",
        "trixie",
        data=control("shop-data"),
        shop_t=control(version=versions["trixie"], arch="amd64"),
        shop_b=control(version=versions["bookworm"], arch="amd64"),
    )
    assert told(found) == [
        ("bookworm", "amd64", versions["bookworm"], ["shop-data"]),
        ("trixie", "amd64", versions["trixie"], ["shop-data"]),
    ]


def test_one_package_for_all_suites_is_in_each() -> None:
    found = look("bookworm", "trixie", shop=control())
    assert told(found) == [("bookworm", "all", VERSION, []), ("trixie", "all", VERSION, [])]


def test_suites_and_architectures_at_once() -> None:
    debs = {
        f"shop_{suite}_{arch}": control(version=f"{VERSION}-1+{suite}2", arch=arch)
        for suite in ("bookworm", "trixie")
        for arch in ("amd64", "arm64")
    }
    kinds = [(one.suite, one.main.architecture) for one in look("bookworm", "trixie", **debs)]
    assert kinds == [
        ("bookworm", "amd64"),
        ("bookworm", "arm64"),
        ("trixie", "amd64"),
        ("trixie", "arm64"),
    ]


@pytest.mark.parametrize(
    ("suites", "versions", "said"),
    [
        (("bookworm", "trixie"), ("1~bookworm",), "for trixie amd64 is nothing"),
        ((), ("1~bookworm", "1~trixie"), "for amd64 is 2 packages of 1 names"),
        (("trixie",), ("1", "2~trixie"), "for trixie amd64 is 2 packages of 1 names"),
        (("trixie",), ("1~bookworm",), ""),
    ],
)
def test_what_is_missing_or_twice_is_named_with_its_kind(
    suites: tuple[str, ...], versions: tuple[str, ...], said: str
) -> None:
    debs = {
        f"shop{number}": control(version=f"{VERSION}-{one}", arch="amd64")
        for number, one in enumerate(versions)
    }
    if not said:
        # The end of a revision that is no suite of the project's means nothing.
        assert told(look(*suites, **debs)) == [("trixie", "amd64", f"{VERSION}-1~bookworm", [])]
        return
    with pytest.raises(PackageRefused, match=said):
        look(*suites, **debs)


def test_a_suite_that_lacks_the_package_with_the_unit_is_named() -> None:
    with pytest.raises(PackageRefused, match="for arm64"):
        look(
            shop=control(arch="amd64"),
            web_a=control("shop-web", arch="amd64"),
            web_b=control("shop-web", arch="arm64"),
            lib=control("shop-lib", arch="arm64"),
        )
