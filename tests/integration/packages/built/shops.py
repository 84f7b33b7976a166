"""A repository whose pipeline makes a program, and runs of it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Checkout, DebPackage, Release, TestReport
from slipway.model.git.repository import Repository as GitRepository
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.commit_runs import signed

if TYPE_CHECKING:
    from pathlib import Path

    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

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
