"""Packages that the repository builds itself, one or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from tests.integration.packages.built import shops
from tests.integration.packages.built.shops import VERSION, Run, unpacked, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
shop = shops.shop
# As cargo-deb, dpkg-buildpackage and the like do.
OWN = """\
kind: pipeline
name: build
steps: [{name: make, image: "debian:12", commands: [sh packaging/build.sh VALUE]}]
"""
SCRIPT = """\
set -e
umask 022
root=deb/usr/share/doc/shop
mkdir -p deb/DEBIAN deb/usr/lib/shop deb/lib/systemd/system $root dist
cp src/shop.in deb/usr/lib/shop/shop && chmod 755 deb/usr/lib/shop/shop
cp packaging/shop.service deb/lib/systemd/system/
cp packaging/copyright $root/
gzip -9n < packaging/changelog > $root/changelog.Debian.gz
cat > deb/DEBIAN/control <<END
Package: shop
Version: $1
Architecture: all
Maintainer: Shop Team <shop@example.org>
Section: web
Priority: optional
Description: program in a package of its own
 It stands for every repository that builds packages.
END
chmod -R u=rwX,go=rX deb
dpkg-deb --root-owner-group -b deb dist/
"""
HISTORY = """\
shop (1.0.0-1) unstable; urgency=low

  * The first one.

 -- Shop Team <shop@example.org>  Mon, 01 Jan 2024 00:00:00 +0000
"""


def test_a_package_that_the_repository_builds_itself_is_checked_as_any_other(
    shop: Repository, tmp_path: Path
) -> None:
    (shop.path / "nfpm.yaml").unlink()
    write(shop, "packaging/build.sh", SCRIPT)
    write(shop, "packaging/changelog", HISTORY)
    write(shop, ".drone.yml", OWN.replace("VALUE", "${SLIPWAY_VERSION}-2"))
    run = Run(shop, shop.commit("A shop"))
    run.pipeline(built=("dist/shop_*.deb",))
    deb = run.package(debs="dist/shop_*.deb")
    assert (deb.name, deb.version) == ("shop", f"{VERSION}-2")
    assert "./usr/lib/shop/shop" in unpacked(deb, tmp_path)
    write(shop, ".drone.yml", OWN.replace("VALUE", "9.9.9"))
    other = Run(shop, shop.commit("Another version"), "other")
    other.pipeline(built=("dist/*.deb",))
    with pytest.raises(AirflowFailException, match=r"has version 9.9.9(.|\n)*SLIPWAY_VERSION"):
        other.package(debs="dist/*.deb")
    write(shop, ".drone.yml", OWN.replace("VALUE", "$SLIPWAY_VERSION"))
    write(shop, "packaging/build.sh", SCRIPT.replace("Shop Team <shop@example.org>", "x"))
    unsound = Run(shop, shop.commit("No maintainer"), "unsound")
    unsound.pipeline(built=("dist",))
    with pytest.raises(AirflowFailException, match="lintian finds errors"):
        unsound.package(debs="dist")


MORE = """\
other=data/usr/share/doc/shop-data
mkdir -p data/DEBIAN $other data/usr/share/shop-data
cp $root/copyright $root/changelog.Debian.gz $other/
echo data > data/usr/share/shop-data/data
sed 's/^Package: .*/Package: shop-data/; s/^Description: .*/Description: data of a program/' \\
  deb/DEBIAN/control > data/DEBIAN/control
chmod -R u=rwX,go=rX data
dpkg-deb --root-owner-group -b data dist/
echo "Depends: shop-data (= $1)" >> deb/DEBIAN/control
dpkg-deb --root-owner-group -b deb dist/
"""


def test_several_packages_of_one_repository_are_all_kept(shop: Repository) -> None:
    write(shop, "packaging/build.sh", SCRIPT + MORE)
    write(shop, "packaging/changelog", HISTORY)
    write(shop, ".drone.yml", OWN.replace("VALUE", "$SLIPWAY_VERSION"))
    run = Run(shop, shop.commit("A shop"))
    run.pipeline(built=("dist/*.deb",))
    deb = run.package(debs="dist/*.deb")
    assert deb.artifact.endswith(f"/shop_{VERSION}_all.deb")
    (other,) = deb.beside
    assert (other.name, other.version, other.installed) == ("shop-data", VERSION, True)
    assert len(artifact_store().get(other.artifact) or b"") == other.size
