"""Packages that a repository builds itself: which of them ships, and what goes along."""

from __future__ import annotations

import pytest

from slipway.exceptions import PackageRefused
from tests.slipway.hooks.packages.pipeline_debs import VERSION, control, look


def test_one_package_is_looked_at_as_one_of_nfpms() -> None:
    found = look(shop=control())
    assert (found.main.name, found.main.version, found.beside) == ("shop", VERSION, ())
    assert found.main.packaging.path == "dist/*.deb"


def test_of_several_the_one_of_the_projects_name_has_the_unit_and_brings_what_it_needs() -> None:
    found = look(
        shop=control(more=f"Depends: adduser, shop-web (= {VERSION}) | x,\n shop-lib\n"),
        a_web=control("shop-web", "Pre-Depends: shop-data\n"),
        data=control("shop-data"),
        lib=control("shop-lib"),
        debug=control("shop-dbgsym", f"Depends: shop (= {VERSION})\n"),
    )
    assert found.main.name == "shop"
    names = [deb.name for deb in found.beside]
    assert sorted(names) == ["shop-data", "shop-dbgsym", "shop-lib", "shop-web"]
    assert names.index("shop-data") < names.index("shop-web")
    assert found.needed == {"shop-web", "shop-data", "shop-lib"}


def test_packages_in_a_circle_are_taken_all_the_same() -> None:
    found = look(shop=control(more="Depends: shop-a1\n"), a=control("shop-a1", "Depends: shop\n"))
    assert [deb.name for deb in found.beside] == ["shop-a1"]
    assert found.needed == {"shop-a1"}


@pytest.mark.parametrize("name", ["common", "openssl", "libshop1", "sho", "shopkeeper"])
def test_a_package_that_may_be_another_projects_does_not_go_along(name: str) -> None:
    with pytest.raises(PackageRefused, match=f"a package {name}, which may be another project's"):
        look(shop=control(), other=control(name))


def test_a_package_whose_control_files_are_no_plain_files_is_refused() -> None:
    """dpkg-deb passes such a member over, and aptly reads another package's name in it."""
    with pytest.raises(PackageRefused, match="no plain file, so nobody knows its name"):
        look(17, shop=control())


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (13, "dist/\\*.deb has no file that ends in .deb"),
        (14, "several packages of one file name"),
        (12, "cannot be read as a package"),
        (2, "cannot be read as a package"),
        (15, "larger than 1536 MiB"),
        (11, "lintian finds errors"),
    ],
)
def test_what_is_no_package_is_refused(code: int, says: str) -> None:
    with pytest.raises(PackageRefused, match=says):
        look(code, shop=control())


@pytest.mark.parametrize(
    ("others", "says"),
    [
        ({"shop2": control(arch="amd64")}, "2 packages of 1 names: shop"),
        ({"b": control("shop-b", version="2.0")}, r"version 2.0(.|\n)*SLIPWAY_VERSION"),
        ({"b": control("shop-b", arch="i386")}, "is for i386"),
        ({"b": control("../../etc")}, "whose name is none"),
        ({"b": control("Shop")}, "whose name is none"),
        ({f"n{n}": control(f"shop-{n}") for n in range(30)}, "31 packages"),
    ],
)
def test_a_package_that_goes_along_is_of_the_release_too(
    others: dict[str, bytes], says: str
) -> None:
    with pytest.raises(PackageRefused, match=says):
        look(shop=control(), **others)


def test_without_one_of_the_projects_name_nobody_guesses() -> None:
    with pytest.raises(PackageRefused, match=r"a1, b1; the project file says 'shop'"):
        look(a=control("a1"), b=control("b1"))
    with pytest.raises(PackageRefused, match="builds 'a1', the project file says 'shop'"):
        look(a=control("a1"))


@pytest.mark.parametrize(
    "text",
    [b"", b"Package: shop\n", b"Package: shop\nVersion: 1\n folded\n: x\nArchitecture\n", b"\xff"],
)
def test_a_control_file_that_is_none_passes_no_check(text: bytes) -> None:
    with pytest.raises(PackageRefused):
        look(shop=text)


@pytest.mark.parametrize(
    ("changed", "advice"),
    [
        ({"version": "1.0.0-3/../../x"}, "SLIPWAY_VERSION"),
        ({"version": "2.0.0"}, "SLIPWAY_VERSION"),
        ({"arch": "../../x"}, "build it for one of"),
        ({"arch": "i386"}, "build it for one of"),
    ],
)
def test_a_package_of_another_version_or_machine_is_refused(
    changed: dict[str, str], advice: str
) -> None:
    with pytest.raises(PackageRefused, match=advice):
        look(shop=control(**changed))


def test_an_epoch_and_a_revision_of_the_pipelines_own_stay() -> None:
    found = look(shop=control(version=f"2:{VERSION}-1"))
    assert found.main.file_name == f"shop_{VERSION}-1_all.deb"
