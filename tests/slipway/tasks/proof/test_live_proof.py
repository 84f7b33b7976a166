"""How a release that serves is started: like its environment's machines, and asked like them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from slipway.exceptions import CloudUnavailable, ImageUnavailable
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.cloud.health_check import HealthCheck, Scheme
from slipway.model.container import PullPolicy
from slipway.model.facts import PackageVariant
from slipway.model.proof_settings import ProofSettings
from slipway.tasks.proof.live_proof import MigrationProof
from slipway.tasks.proof.live_releases import LiveRelease
from slipway.tasks.proof.live_service import LiveService, NotStartable
from slipway.tasks.proof.scratch_database import ScratchDatabase
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.releases import make_record

CHECK = HealthCheck(scheme=Scheme.HTTP, port=8080, path="/up", status="200-399")
SILENT: dict[str, Any] = {"health_path": None, "health_port": None}
TRIXIE = PackageVariant(
    suite="trixie", architecture="amd64", version="1-1~trixie", sha256="e", size=1, artifact="deb/e"
)


def service(
    cloud: Any,
    settings: ProofSettings | None = None,
    *others: PackageVariant,
    here: str = "amd64",
    **target: Any,
) -> LiveService:
    record = make_record("1")
    if others:
        package = replace(record.package, architecture="amd64", suite="bookworm", others=others)
        record = replace(record, package=package)
    engine = mock.create_autospec(ContainerEngine, instance=True)
    engine.architecture = here
    opened = mock.Mock(return_value=cloud) if not isinstance(cloud, Exception) else None
    proof = MigrationProof(
        engine=engine,
        name="slipway-x",
        labels={},
        settings=settings or ProofSettings(unit="shop.service"),
        goose=mock.Mock(),
        files=mock.Mock(),
        open_cloud=opened or mock.Mock(side_effect=cloud),
        log=print,
        warn=print,
    )
    database = ScratchDatabase(
        engine=proof.engine, container="c", url="postgres://u:p@h/d", network="n"
    )
    live = LiveRelease(targets=(make_target(**target),), record=record)
    return proof._service("live_1", database, live)


def test_a_project_that_leaves_health_to_its_balancer_is_asked_the_balancers_question() -> None:
    found = service(FakeFleetCloud(check=CHECK), **SILENT)
    assert (str(found.health), found.port, found.right) == ("GET /up", 8080, "200-399")


def test_what_the_project_file_says_counts() -> None:
    said: dict[str, Any] = {"health_path": "/ready", "health_port": 81, "health_status": "204"}
    found = service(FakeFleetCloud(check=CHECK), **said)
    assert (str(found.health), found.port, found.right) == ("GET /ready", 81, "204")


def test_a_cloud_that_does_not_answer_is_not_needed_where_the_project_file_says_all() -> None:
    away = CloudUnavailable("no route")
    assert service(away, health_path="/up", health_port=80).port == 80
    with pytest.raises(NotStartable, match=r"how the balancer asks .* cannot be seen: no route"):
        service(away, **SILENT)


@pytest.mark.parametrize("scheme", [Scheme.HTTPS, Scheme.TCP, Scheme.TLS])
def test_who_is_not_asked_by_http_is_told_so_and_not_waited_for(scheme: Scheme) -> None:
    with pytest.raises(NotStartable, match=f"asked for by {scheme.value}"):
        service(FakeFleetCloud(check=replace(CHECK, scheme=scheme)), **SILENT)


@pytest.mark.parametrize(
    ("system", "own", "elsewhere"),
    [
        ("debian-12", "slipway/machine:12", "debian:12"),
        ("debian-13", "slipway/machine:13", "debian:13"),
        ("ubuntu-24.04", None, "ubuntu:24.04"),
    ],
)
def test_its_container_is_of_the_machines_operating_system(
    system: str, own: str | None, elsewhere: str
) -> None:
    settings = ProofSettings(unit="shop.service", systems={"dev": system})
    found = service(FakeFleetCloud(check=CHECK), settings)
    engine: Any = found.engine
    engine.ensure_image.side_effect = None
    engine.ensure_image.return_value.id = "sha256:1"
    assert found._image()[0] == (own or elsewhere)

    def only_published(name: str, pull: PullPolicy = PullPolicy.IF_NOT_EXISTS) -> Any:
        if pull is PullPolicy.NEVER:
            raise ImageUnavailable(name)
        return mock.Mock(id="sha256:2")

    engine.ensure_image.side_effect = only_published
    assert found._image() == (elsewhere, "sha256:2")


def test_it_is_the_package_for_these_machines() -> None:
    settings = ProofSettings(unit="shop.service", systems={"dev": "debian-13"})
    assert service(FakeFleetCloud(check=CHECK), settings, TRIXIE).package.sha256 == "e"
    assert service(FakeFleetCloud(check=CHECK), None, TRIXIE).package.sha256 == "d"


@pytest.mark.parametrize(("here", "sha256"), [("amd64", "d"), ("arm64", "f")])
def test_of_two_architectures_it_is_the_one_that_runs_here(here: str, sha256: str) -> None:
    arm64 = replace(TRIXIE, suite="bookworm", architecture="arm64", sha256="f")
    assert service(FakeFleetCloud(check=CHECK), None, arm64, here=here).package.sha256 == sha256


def test_a_package_that_does_not_run_here_is_told_by_its_architecture() -> None:
    said = "its package is for bookworm amd64, trixie amd64, and containers here are bookworm arm64"
    with pytest.raises(NotStartable, match=said):
        service(FakeFleetCloud(check=CHECK), None, TRIXIE, here="arm64")
