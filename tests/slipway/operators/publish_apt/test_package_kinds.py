"""A release whose packages differ by machine: published in its suites, and the right one baked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from unittest.mock import create_autospec

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import MachineImageRefused
from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.cloud.machine import Architecture, Machine, OperatingSystem
from slipway.model.facts import DebPackage, PackageBeside, PackageVariant, PublishedPackage
from slipway.operators import publish_apt as apt_publish
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.record_release import RecordReleaseOperator
from slipway.tasks.images.layers import Layers
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.commit_runs import APT, facts_of, sign_all, signed
from tests.slipway.operators.releases import make_record

ROOT = Path(__file__).resolve().parents[4]
RUN = FakeTask(dag_id="shop", run_id="commit__1", task_id="publish_apt")
pytestmark = pytest.mark.usefixtures("artifacts")


def _sha(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def _variant(suite: str, architecture: str, *beside: PackageBeside) -> PackageVariant:
    word = f"{suite}-{architecture}"
    return PackageVariant(
        suite=suite,
        architecture=architecture,
        version=f"1-1~{suite}",
        sha256=_sha(word),
        size=len(word),
        artifact=f"deb/shop_{word}.deb",
        beside=beside,
    )


DATA = PackageBeside(
    name="shop-data",
    version="1",
    architecture="all",
    artifact="deb/shop-data_1_all.deb",
    sha256=_sha("data"),
    size=4,
    installed=True,
)
FIRST = _variant("bookworm", "amd64", DATA)
OTHERS = (_variant("bookworm", "arm64"), _variant("trixie", "amd64", DATA))


def deb() -> DebPackage:
    found = facts_of(make_record("1"))["build_deb"]
    assert isinstance(found, DebPackage)
    return replace(
        found,
        artifact=FIRST.artifact,
        size=FIRST.size,
        sha256=FIRST.sha256,
        beside=FIRST.beside,
        suite="bookworm",
        architecture="amd64",
        version=FIRST.version,
        others=OTHERS,
    )


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Distribution and file of each package that aptly is given; the store has the packages."""
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(APT))
    artifact_store().put(DATA.artifact, b"data")
    for one in (FIRST, *OTHERS):
        word = f"{one.suite}-{one.architecture}"
        artifact_store().put(one.artifact, word.encode())
    found: list[tuple[str, str]] = []

    def make(**words: Any) -> Any:
        def publish(name: str, _: IO[bytes], __: Any) -> Signed:
            found.append((words["repository"].distribution, name))
            return Signed(public_key="key", warning=None)

        aptly = create_autospec(Aptly, instance=True)
        aptly.publish.side_effect = publish
        return aptly

    monkeypatch.setattr(apt_publish, "Aptly", make)
    monkeypatch.setattr(apt_publish, "container_engine", lambda _: None)
    monkeypatch.setattr(apt_publish, "account", lambda *_: None)
    monkeypatch.setattr(apt_publish, "seen_elsewhere", lambda _: None)
    return found


def _publish() -> PublishedPackage:
    context = signed(RUN.context, build_deb=deb())
    told = PublishAptOperator(task_id="publish_apt", deb=deb().to_json()).execute(context)
    return PublishedPackage.from_json(told)


def test_each_suite_has_a_distribution_of_its_own(published: list[tuple[str, str]]) -> None:
    package = _publish()
    assert published == [
        ("stable-bookworm", "shop_bookworm-arm64.deb"),
        ("stable-trixie", "shop-data_1_all.deb"),
        ("stable-trixie", "shop_trixie-amd64.deb"),
        ("stable-bookworm", "shop-data_1_all.deb"),
        ("stable-bookworm", "shop_bookworm-amd64.deb"),
    ]
    assert package.distribution == "stable-bookworm"
    assert PublishedPackage.from_json(json.loads(json.dumps(package.to_json()))) == package


def test_machines_install_the_one_that_is_theirs(published: list[tuple[str, str]]) -> None:
    package = _publish()
    layers = Layers(region="eu-west-1", unit="shop.service", config={}, recipes=str(ROOT))
    for os, architecture, kind in (
        (OperatingSystem.DEBIAN_12, Architecture.AMD64, FIRST),
        (OperatingSystem.DEBIAN_12, Architecture.ARM64, OTHERS[0]),
        (OperatingSystem.DEBIAN_13, Architecture.AMD64, OTHERS[1]),
    ):
        machine = Machine(os=os, architecture=architecture)
        bake = replace(layers, machine=machine).app(package, "ami-1", "bake")
        assert bake.variables["app_version"] == kind.version
        assert bake.variables["app_sha256"] == kind.sha256
        assert bake.variables["app_repository_distribution"] == f"stable-{kind.suite}"
        assert ("app_beside" in bake.variables) is bool(kind.beside)
        # The release is one, whatever is installed of it.
        assert bake.tags["slipway:deb-sha256"] == package.digest
    nobodys = Machine(os=OperatingSystem.DEBIAN_13, architecture=Architecture.ARM64)
    with pytest.raises(MachineImageRefused, match="no package for trixie arm64") as caught:
        replace(layers, machine=nobodys).app(package, "ami-1", "bake")
    assert "there is bookworm amd64, bookworm arm64, trixie amd64" in caught.value.advice


def test_a_package_for_another_architecture_alone_is_named() -> None:
    package = replace(make_record("1").package, architecture="amd64")
    machine = Machine(architecture=Architecture.ARM64)
    layers = Layers(region="r", unit="u", config={}, recipes=str(ROOT), machine=machine)
    with pytest.raises(MachineImageRefused, match="no package for bookworm arm64"):
        layers.app(package, "ami-1", "bake")
    # Who says nothing may start from an image of any architecture.
    said_nothing = replace(layers, machine=Machine())
    arm = replace(package, architecture="arm64")
    assert said_nothing.app(arm, "ami-1", "bake").variables["app_sha256"] == package.sha256


def test_each_package_is_part_of_what_a_release_is(published: list[tuple[str, str]]) -> None:
    package = _publish()
    digests = {
        package.digest,
        replace(package, others=()).digest,
        replace(package, others=OTHERS[:1]).digest,
        replace(package, others=(OTHERS[0], replace(OTHERS[1], sha256="x"))).digest,
    }
    assert len(digests) == 4


def test_what_is_recorded_is_what_was_built_for_every_kind(
    published: list[tuple[str, str]],
) -> None:
    package = replace(_publish(), repository_url="http://x")
    task = RecordReleaseOperator(
        task_id="record_release", project="shop", checkout={}, package={}, tests={}
    )
    run = FakeTask(dag_id="shop", run_id="commit__1", task_id="record_release")
    sign_all(run, "1", build_deb=replace(deb(), others=OTHERS[:1]), publish_apt=package)
    with pytest.raises(AirflowFailException, match=r"build_deb built .* publish_apt published"):
        task.execute(run.context)
    sign_all(run, "1", build_deb=deb(), publish_apt=package)
    task.execute(run.context)
    assert ReleaseCatalogue(artifact_store()).find("shop", "1").package == package
