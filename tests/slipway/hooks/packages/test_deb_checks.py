"""What is said of a package that is not the one that the project file describes."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from slipway.exceptions import PackageRefused
from slipway.hooks.packages.deb_checks import Wanted, check
from slipway.hooks.packages.deb_units import Units
from slipway.hooks.packages.nfpm import BuiltDeb
from slipway.hooks.packages.packaging_file import PackagingFile

RELEASE = "1.0.0+4.gabc"
WANTED = Wanted(package="shop", version=RELEASE, unit="shop.service")
PACKAGING = """\
name: shop
version: ${VERSION}
version_schema: none
arch: amd64
"""
GOOD = BuiltDeb(
    name="shop",
    version=RELEASE,
    architecture="amd64",
    content=io.BytesIO(),
    size=0,
    sha256="",
    units=Units(names=("shop.service",)),
    packaging=PackagingFile(path="nfpm.yaml", text=PACKAGING),
)


def _refusal(built: BuiltDeb, more: str = "", wanted: Wanted = WANTED) -> PackageRefused:
    file = PackagingFile(path="nfpm.yaml", text=PACKAGING + more)
    with pytest.raises(PackageRefused) as refused:
        check(replace(built, packaging=file), wanted)
    return refused.value


@pytest.mark.parametrize(
    ("version", "file"),
    [
        (RELEASE, f"shop_{RELEASE}_amd64.deb"),
        (f"2:{RELEASE}", f"shop_{RELEASE}_amd64.deb"),
        (f"{RELEASE}-1", f"shop_{RELEASE}-1_amd64.deb"),
        (f"1:{RELEASE}-2~bpo12", f"shop_{RELEASE}-2~bpo12_amd64.deb"),
    ],
)
def test_an_epoch_and_a_revision_are_the_packages_own(version: str, file: str) -> None:
    built = replace(GOOD, version=version)
    check(built, WANTED)
    assert built.file_name == file


@pytest.mark.parametrize(
    ("version", "more", "advice"),
    [
        (f"{RELEASE}~rc1", "prerelease: rc1\n", "remove prerelease.*line 5: `prerelease: rc1`"),
        (f"2:{RELEASE}+git", 'version_metadata: "git"\n', "remove version_metadata.*line 5"),
        ("1.2.3", "version: 1.2.3\n", r"write `version: \$\{VERSION\}`.*line 5: `version: 1.2.3`"),
        (f"0:{RELEASE}", "epoch: 0\n", "remove `epoch`.*line 5: `epoch: 0`"),
        (f"02:{RELEASE}", "epoch: '02'\n", "correct or remove `epoch`"),
        ("1.0.0", "", r"`version_schema: none` in nfpm.yaml$"),
    ],
)
def test_a_version_of_its_own_is_refused_with_the_line_to_change(
    version: str, more: str, advice: str
) -> None:
    refused = _refusal(replace(GOOD, version=version), more)
    assert version in refused.message
    assert re.search(advice, refused.advice)


def test_the_name_is_compared_before_lintian_speaks() -> None:
    built = replace(GOOD, name="shpo", lintian=("E: shpo: no-changelog",))
    refused = _refusal(built)
    assert "builds 'shpo', the project file says 'shop'" in refused.message
    assert "line 1: `name: shop`" in refused.advice
    assert "lintian" not in str(refused)


def test_an_architecture_that_no_machine_has_is_refused_before_it_is_published() -> None:
    refused = _refusal(replace(GOOD, architecture="armhf"))
    assert "for armhf" in refused.message
    assert "one of amd64, arm64, all (nfpm.yaml, line 4: `arch: amd64`)" in refused.advice


def test_units_that_are_not_there() -> None:
    assert (
        "has no unit shop.service (it has: none)" in _refusal(replace(GOOD, units=Units())).message
    )
    astray = Units(astray={"shop.service": "/opt/shop.service"})
    assert "link to /opt/shop.service" in _refusal(replace(GOOD, units=astray)).message
    wanted = replace(WANTED, unit="shop@.service")
    assert "such as shop@1.service" in _refusal(GOOD, wanted=wanted).advice


def test_lintian_speaks_last_and_the_way_to_override_is_shown() -> None:
    lines = ("E: shop: statically-linked-binary [usr/bin/shop]", "N: ", "N:   Why it matters.")
    refused = _refusal(replace(GOOD, lintian=lines))
    assert "    E: shop: statically-linked-binary [usr/bin/shop]" in refused.message
    assert "Why it matters" not in refused.message
    assert "dst: /usr/share/lintian/overrides/shop" in refused.advice
    contents = (
        "contents:\n- src: packaging/lintian-overrides\n  dst: /usr/share/lintian/overrides/shop\n"
    )
    refused = _refusal(replace(GOOD, lintian=lines), contents)
    assert "override them in packaging/lintian-overrides" in refused.advice
    assert refused.advice.endswith("`shop: statically-linked-binary`")


@pytest.mark.parametrize(
    "text", ["", "- a\n", "{", "contents: x\n", "contents:\n- x\n- {}\n", "\0"]
)
def test_a_packaging_file_that_cannot_be_read_is_named_without_a_line(text: str) -> None:
    file = PackagingFile(path="nfpm.yaml", text=text)
    assert file.place("epoch") == "nfpm.yaml"
    assert file.value("epoch") is None
    assert file.overrides("shop") is None
