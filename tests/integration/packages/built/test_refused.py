"""What is packaged under no name: two names, another architecture's, an unsigned report's."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import replace
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import PackageRefused
from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.ready_debs import ready_debs
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.facts import TestReport
from slipway.tasks.kept_facts import keep_fact
from tests.integration.packages.built import shops
from tests.integration.packages.built.shops import MAKE, NFPM, VERSION, Run, unpacked, write

if TYPE_CHECKING:
    from pathlib import Path

    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
shop = shops.shop


def two_names(folder: Path) -> bytes:
    """Make a package in whose control archive there is another one's name as well.

    dpkg-deb and lintian pass over a member of tar's type V; aptly reads it.
    """
    control = (
        "Package: {}\nVersion: 1\nArchitecture: all\nMaintainer: Ada <ada@example.org>\n"
        "Description: program that says two names\n It is taken under neither.\n"
    )
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(control.format("shop"))
    deb = folder / "plain.deb"
    subprocess.run(["dpkg-deb", "-Zgzip", "-b", str(tree), str(deb)], check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for kind, name in ((b"V", "common"), (tarfile.REGTYPE, "shop")):
            member, text = tarfile.TarInfo("control"), control.format(name).encode()
            member.type, member.size = kind, len(text)
            block = member.tobuf(tarfile.GNU_FORMAT) + text + bytes(-len(text) % 512)
            assert tar.fileobj is not None
            tar.fileobj.write(block)
            tar.offset += len(block)
    parts = {"debian-binary": b"2.0\n", "control.tar.gz": archive.getvalue()}
    data = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], check=True, capture_output=True)
    parts["data.tar"] = data.stdout
    found = b"!<arch>\n"
    for name, content in parts.items():
        head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        found += head.encode() + content + b"\n" * (len(content) % 2)
    return found


def test_a_package_that_says_two_names_is_taken_under_neither(
    engine: ContainerEngine, tmp_path: Path
) -> None:
    (tmp_path / "shop.deb").write_bytes(two_names(tmp_path))
    with TemporaryFile() as built, TemporaryFile() as into:
        with tarfile.open(fileobj=built, mode="w") as tar:
            tar.add(tmp_path / "shop.deb", "dist/shop.deb")
        built.seek(0)
        with pytest.raises(PackageRefused, match="no plain file, so nobody knows its name"):
            ready_debs(
                Toolbox(engine=engine, name=f"slipway-{engine.installation}-look", network="none"),
                built,
                pattern="dist/*.deb",
                into=into,
                log=print,
                wanted=Wanted(package="shop", version="1", unit="shop.service"),
            )


def test_machines_of_two_architectures_get_a_package_each(shop: Repository, tmp_path: Path) -> None:
    both = ("amd64", "arm64")
    made = "".join(
        f"  - printf '#!/bin/sh\\nexec echo {one}\\n' > bin/{one}/shop\n" for one in both
    )
    steps = f"  - mkdir -p bin/amd64 bin/arm64\n{made}  - chmod 755 bin/*/shop\n"
    write(shop, ".drone.yml", MAKE.partition("  - mkdir")[0] + steps)
    program = "src: 'bin/${ARCH}/shop', expand: true, dst"
    nfpm = NFPM.replace("src: bin/shop, dst", program).replace("- {src: web/dist", "# - {")
    write(shop, "nfpm.yaml", nfpm.replace("arch: all", "arch: ${ARCH}"))
    run = Run(shop, shop.commit("For both"))
    run.pipeline(built=tuple(f"bin/{one}/shop" for one in both))
    deb = run.package(architectures=both)
    (other,) = deb.others
    assert (deb.architecture, other.architecture) == both
    folder = f"deb/shop/{VERSION}/shop_{VERSION}"
    assert (deb.artifact, other.artifact) == (f"{folder}_amd64.deb", f"{folder}_arm64.deb")
    assert other.sha256 != deb.sha256
    for one in (deb, replace(deb, artifact=other.artifact)):
        unpacked(one, tmp_path)
        said = (tmp_path / "root" / "usr" / "lib" / "shop" / "shop").read_text()
        assert said == f"#!/bin/sh\nexec echo {one.artifact[-9:-4]}\n"
    again = run.package(architectures=both)
    assert (again.reused, again.others) == (True, deb.others)
    write(shop, "nfpm.yaml", nfpm.replace("arch: all", "arch: amd64"))
    fixed = Run(shop, shop.commit("For one"), run_id="commit__2")
    fixed.pipeline(built=tuple(f"bin/{one}/shop" for one in both))
    said = r"for arm64: nfpm\.yaml builds a package for amd64"
    with pytest.raises(AirflowFailException, match=said):
        fixed.package(architectures=both)


def test_a_report_that_nobody_signed_packages_nothing(shop: Repository) -> None:
    run = Run(shop, shop.commit("A shop"))
    with pytest.raises(AirflowFailException, match="test signed nothing in this run"):
        run.package()
    report = TestReport(release=run.checkout.release, seconds=1.0)
    keep_fact(run.context("test"), report.release, report.to_json())
    with pytest.raises(AirflowFailException, match="test took nothing of its workspace"):
        run.package()
