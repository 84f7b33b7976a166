"""Programs that a pipeline makes in real containers, in packages of the real nfpm."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import PackageRefused
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.packages.deb_checks import Wanted
from slipway.hooks.packages.ready_debs import ready_debs
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.facts import Checkout, DebPackage, Release, TestReport
from slipway.model.git.repository import Repository as GitRepository
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.kept_facts import keep_fact
from slipway.tasks.pipeline.share import Part
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.slipway.operators.commit_runs import signed

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
IMAGES = {"debian:12": "slipway/debian:12"}
BUILT = ("bin/shop", "web/dist/**")
# Made by a step, of sources and version: nothing of it is in git.
MAKE = """\
kind: pipeline
name: build
steps:
- name: make
  image: debian:12
  commands:
  - mkdir -p bin web/dist/css
  - sed "s/VERSION/$SLIPWAY_VERSION/" src/shop.in > bin/shop
  - chmod 755 bin/shop
  - echo "h1 {}" > web/dist/css/site.css
  - ln -s css/site.css web/dist/current.css
"""
TESTS = """\
---
kind: pipeline
name: unit
steps: [{name: unit, image: "debian:12", commands: [test ! -e bin/shop]}]
---
kind: pipeline
name: end
depends_on: [build, unit]
steps: [{name: end, image: "debian:12", commands: ["true"]}]
"""
NFPM = """\
name: shop
arch: all
version: ${VERSION}
version_schema: none
section: web
priority: optional
maintainer: Shop Team <shop@example.org>
description: |-
  program that a step of its own pipeline has made
  It stands for every program that is compiled.
homepage: https://example.org/shop
license: MIT
contents:
- {src: bin/shop, dst: /usr/lib/shop/shop}
- {src: web/dist, dst: /usr/share/shop/web, type: tree}
- {src: packaging/shop.service, dst: /lib/systemd/system/shop.service, file_info: {mode: 0644}}
- {src: packaging/copyright, dst: /usr/share/doc/shop/copyright, file_info: {mode: 0644}}
changelog: packaging/changelog.yaml
"""
UNIT = """\
[Unit]
Description=Shop
Documentation=https://example.org/shop

[Service]
ExecStart=/usr/lib/shop/shop

[Install]
WantedBy=multi-user.target
"""
CHANGELOG = """\
- semver: 1.0.0
  date: 2024-01-01T00:00:00Z
  packager: Shop Team <shop@example.org>
  changes: [{note: The first one.}]
"""
VERSION = "1.0.0+3.gabcdef0"


@pytest.fixture
def shop(repository: Repository, engine: ContainerEngine, artifacts: Path) -> Repository:
    files = {
        ".drone.yml": MAKE,
        "src/shop.in": "#!/bin/sh\nexec echo VERSION\n",
        "nfpm.yaml": NFPM,
        "packaging/shop.service": UNIT,
        "packaging/changelog.yaml": CHANGELOG,
        "packaging/copyright": "Copyright 2024 the Shop Team. License: MIT\n",
    }
    for name, content in files.items():
        write(repository, name, content)
    return repository


def write(repository: Repository, name: str, content: str) -> None:
    path = repository.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


class Run:
    """One run of the commit's DAG, as far as the package."""

    def __init__(self, shop: Repository, sha: str, run_id: str = "commit__1") -> None:
        self.shop, self.sha, self.run_id = shop, sha, run_id
        self.checkout = Checkout(
            release=Release(project="shop", sha=sha, version=VERSION),
            repository=shop.url,
            ref="main",
            branch="main",
            message="",
            author_name="",
            author_email="",
            committed_at=1_700_000_060,
        )
        signed(self.context("test"), checkout=self.checkout)

    def context(self, task: str) -> Any:
        return FakeTask(dag_id="shop", run_id=self.run_id, task_id=task).context

    def pipeline(
        self, task: str = "test", *, built: tuple[str, ...] = BUILT, **more: Any
    ) -> TestReport:
        operator = RunPipelineOperator(
            task_id=task,
            checkout=self.checkout.to_json(),
            repository=GitRepository(url=self.shop.url),
            images=IMAGES,
            built=built,
            **more,
        )
        return TestReport.from_json(operator.execute(self.context(task)))

    def package(self, task: str = "test", **more: Any) -> DebPackage:
        operator = BuildDebOperator(
            task_id="build_deb",
            checkout=self.checkout.to_json(),
            repository=GitRepository(url=self.shop.url),
            package="shop",
            nfpm_file="nfpm.yaml",
            unit="shop.service",
            built_task=task,
            **more,
        )
        return DebPackage.from_json(operator.execute(self.context("build_deb")))


def steps(report: TestReport) -> list[tuple[str, str, str]]:
    return [(step.pipeline, step.name, step.state) for step in report.steps]


def unpacked(deb: DebPackage, folder: Path) -> dict[str, str]:
    """Unpack a package; returns each file's mode, as ``dpkg-deb --contents`` shows it."""
    file = folder / "shop.deb"
    file.write_bytes(artifact_store().get(deb.artifact) or b"")
    subprocess.run(["dpkg-deb", "-x", str(file), str(folder / "root")], check=True)
    listed = subprocess.run(["dpkg-deb", "-c", str(file)], check=True, capture_output=True)
    lines = (line.split(maxsplit=5) for line in listed.stdout.decode().splitlines())
    return {line[5]: line[0] for line in lines}


def test_a_program_that_a_step_made_is_in_the_package_and_nowhere_in_git(
    shop: Repository, tmp_path: Path
) -> None:
    run = Run(shop, shop.commit("A shop"))
    report = run.pipeline()
    assert report.built
    assert (report.built.files, report.built.pipeline, report.built.paths) == (3, "build", BUILT)
    assert not (shop.path / "bin").exists()
    deb = run.package()
    assert deb.built == report.built.sha256
    files = unpacked(deb, tmp_path)
    assert files["./usr/lib/shop/shop"] == "-rwxr-xr-x"
    assert "./usr/share/shop/web/css/site.css" in files
    assert "./usr/share/shop/web/current.css -> css/site.css" in files
    said = subprocess.run([str(tmp_path / "root/usr/lib/shop/shop")], capture_output=True)
    assert said.stdout.decode().strip() == VERSION


def test_the_same_commit_twice_gives_the_same_digest(
    shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = shop.commit("A shop")
    made = []
    for worker in ("one", "two"):
        monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / worker).as_uri())
        run = Run(shop, sha)
        made.append((run.pipeline().built, run.package()))
        time.sleep(1.1)  # a clock that took part would show
    assert made[0] == made[1]


def test_a_build_that_is_never_twice_the_same_ships_once(
    shop: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    write(shop, ".drone.yml", MAKE + "  - date +%N >> bin/shop\n")
    sha = shop.commit("A shop")
    first, second = Run(shop, sha), Run(shop, sha, "again")
    one, deb = first.pipeline().built, first.package()
    two = second.pipeline().built
    assert one
    assert two
    assert (two.sha256, two.artifact, two.reused) == (one.sha256, one.artifact, True)
    assert "an earlier run of this commit has kept its build" in capsys.readouterr().out
    assert second.package().sha256 == deb.sha256
    assert [n for n in artifact_store().keys(f"built/shop/{VERSION}") if n.endswith(".tar")] == [
        f"{one.sha256}.tar"
    ]


def test_the_package_does_not_wait_for_the_tests_where_the_builder_is_named(
    shop: Repository, tmp_path: Path
) -> None:
    write(shop, ".drone.yml", MAKE + TESTS)
    run = Run(shop, shop.commit("A shop"))
    first = run.pipeline("build", part=Part.FIRST, built_by="build")
    assert steps(first) == [("build", "make", "passed")]
    assert "./usr/lib/shop/shop" in unpacked(run.package("build"), tmp_path)
    report = run.pipeline(part=Part.SECOND, built_by="build")
    assert steps(report) == [
        ("build", "make", "passed"),
        ("unit", "unit", "passed"),
        ("end", "end", "passed"),
    ]
    assert report.built == first.built


def test_what_a_build_lacks_or_hides_is_said_by_name(shop: Repository) -> None:
    more = "  - ln -s /etc/passwd web/dist/users\n  - mkfifo web/dist/queue\n"
    write(shop, ".drone.yml", MAKE + more)
    run = Run(shop, shop.commit("A shop"))
    with pytest.raises(AirflowFailException, match=r"users is a link to /etc/passwd, which leads"):
        run.pipeline()
    with pytest.raises(AirflowFailException, match=r"bin/shp: .* there is shop; did .* bin/shop\?"):
        run.pipeline(built=("bin/shp", "web/dist/css"))
    assert artifact_store().keys("built/shop") == []


def test_whoever_writes_the_bucket_ships_nothing_of_his_own(shop: Repository) -> None:
    run = Run(shop, shop.commit("A shop"))
    built = run.pipeline().built
    assert built
    whole = artifact_store().get(built.artifact)
    assert whole
    artifact_store().put(built.artifact, whole.replace(b"exec echo", b"exec rm  "))
    with pytest.raises(AirflowFailException, match="is not what the pipeline built"):
        run.package()
    artifact_store().delete(built.artifact)
    with pytest.raises(AirflowFailException, match="is not what the pipeline built"):
        run.package()
    again = Run(shop, run.sha, "again")  # the pipeline builds it anew
    again.pipeline()
    assert again.package().built == built.sha256


_WORKER = """
import sys
from types import SimpleNamespace
import tests.conftest  # an Airflow of its own
import os, json
os.environ.update(json.loads(sys.argv[1]))
from tests.integration.test_built import Run
Run(SimpleNamespace(url=sys.argv[2]), sys.argv[3]).pipeline()
"""


def test_a_worker_that_is_killed_while_it_takes_the_build_leaves_no_half_of_it(
    shop: Repository, engine: ContainerEngine, artifacts: Path, tmp_path: Path
) -> None:
    large = "  - head -c 300000000 /dev/zero > web/dist/large\n"
    write(shop, ".drone.yml", MAKE + large)
    sha = shop.commit("A shop")
    environment = {
        "AIRFLOW__SLIPWAY__INSTALLATION": engine.installation,
        "AIRFLOW__SLIPWAY__ARTIFACTS": artifacts.as_uri(),
        "AIRFLOW__SLIPWAY__GIT_MIRRORS": str(tmp_path / "mirrors"),
    }
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, json.dumps(environment), shop.url, sha],
        cwd=ROOT,
    )
    folder = artifacts / "built" / "shop" / VERSION
    deadline = time.monotonic() + 60
    while not list(folder.glob(".*")) and worker.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert list(folder.glob(".*")), "the worker was not caught while it wrote"
    assert artifact_store().keys(f"built/shop/{VERSION}") == []
    assert list((tmp_path / "mirrors").glob("tmp*")) == []
    run = Run(shop, sha)
    built = run.pipeline().built
    assert built
    assert not built.reused
    names = artifact_store().keys(f"built/shop/{VERSION}")
    assert sorted(name.rpartition(".")[2] for name in names) == ["json", "tar"]


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
