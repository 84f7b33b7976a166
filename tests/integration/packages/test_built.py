"""Programs that a pipeline makes in real containers, in packages of the real nfpm."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.tasks.pipeline.share import Part
from tests.integration.packages.built import shops
from tests.integration.packages.built.shops import BUILT, MAKE, VERSION, Run, steps, unpacked, write

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
shop = shops.shop
ROOT = Path(__file__).resolve().parents[3]
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
from tests.integration.packages.built.shops import Run
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
