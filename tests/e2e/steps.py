"""The operators as the generated DAGs would set them up, and what they are given."""

from __future__ import annotations

from typing import Any

from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.cloud.account import Account
from slipway.model.facts import Checkout, Json, MachineImage, PublishedPackage, Release
from slipway.model.target import DeployTarget
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.images.search import known_images
from tests.cloud_process import REGION
from tests.e2e.conftest import IMAGES, PACKAGE, World
from tests.fakes.git_server import Repository


def pipeline(checkout: Json, repository: Repository) -> RunPipelineOperator:
    return RunPipelineOperator(
        task_id="test",
        checkout=checkout,
        repository=repository.source,
        secrets={"database_password": "variable:guestbook_test_password"},
        images=IMAGES,
        timeout_seconds=120,
    )


def rehearsal(checkout: Json, repository: Repository) -> GooseRehearseOperator:
    return GooseRehearseOperator(
        task_id="rehearse_migrations",
        checkout=checkout,
        repository=repository.source,
        directory="migrations",
        postgres=15,
    )


def deb(checkout: Json, repository: Repository, **more: str) -> BuildDebOperator:
    return BuildDebOperator(
        task_id="build_deb",
        checkout=checkout,
        repository=repository.source,
        **{**PACKAGE, **more},
    )


def bake(package: Json) -> BakeImageOperator:
    return BakeImageOperator(
        task_id="bake_image",
        package=package,
        unit="guestbook.service",
        config={},
        account=Account(aws_conn_id="aws_default", region=REGION),
    )


def nowhere(release: Json) -> Json:
    """A package in a repository that does not answer."""
    return {
        "release": release,
        "name": "guestbook",
        "version": "1.0.0",
        "architecture": "all",
        "sha256": "0" * 64,
        "repository_url": "http://127.0.0.1:1",
        "distribution": "stable",
        "component": "main",
        "signing_key": "none",
    }


def target(**more: Any) -> DeployTarget:
    fields: dict[str, Any] = {
        "project": "guestbook",
        "environment": "dev",
        "region": REGION,
        "aws_conn_id": "aws_default",
        "subnets": ("slipway-a", "slipway-b"),
        "security_groups": ("slipway-app",),
        "instance_type": "t3.micro",
        "min_size": 1,
        "desired_size": 1,
        "max_size": 2,
        "health_path": "/healthz",
        "health_port": 8000,
        "health_timeout": 120.0,
        "soak": 0.0,
        "keep_old": 0.0,
        "target_group": "guestbook-dev",
    }
    return DeployTarget(**(fields | more))


def seed(world: World, version: str) -> Json:
    """An image without any service in it."""
    ec2 = world.client("ec2")
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    image = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    release = Release(project="guestbook", sha="0" * 40, version=version)
    seeded = MachineImage(
        release=release,
        image_id=image,
        name="seed",
        base_image_id=image,
        deb_sha256="",
        playbook_hash="",
        region=REGION,
    )
    package = PublishedPackage(
        release=release,
        name="guestbook",
        version=version,
        architecture="all",
        sha256="",
        repository_url="",
        distribution="",
        component="",
        signing_key="",
    )
    on_record(package.to_json())
    catalogue = ImageCatalogue(ec2)
    tags = {"slipway:deb-sha256": ""}
    known_images(catalogue, REGION).note(image, tags, release)
    return seeded.to_json()


def on_record(package: Json) -> None:
    """Enter a package's release into the catalogue."""
    published = PublishedPackage.from_json(package)
    checkout = Checkout(
        release=published.release,
        repository="u",
        ref="main",
        branch="main",
        message="m",
        author_name="a",
        author_email="e",
        committed_at=0,
    )
    record = ReleaseRecord(checkout=checkout, package=published)
    ReleaseCatalogue(artifact_store()).record(record)
