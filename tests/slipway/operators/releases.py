"""What the operators' tests put into the catalogue."""

from __future__ import annotations

from typing import Any

from slipway.hooks.store.approvals import Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord, ImageRecords
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.facts import Checkout, PublishedPackage, Release, SchemaVersion


def make_record(version: str, *, committed_at: int = 0, schema: int | None = None) -> ReleaseRecord:
    """Build the record of a release of the shop; its sha is as its version says."""
    start = version.rpartition(".g")[2] if ".g" in version else version[0] * 40
    release = Release(project="shop", sha=start.ljust(40, "0"), version=version)
    return ReleaseRecord(
        checkout=Checkout(
            release=release,
            repository="u",
            ref="main",
            branch="main",
            message="Sell more\n\nand faster",
            author_name="a",
            author_email="e",
            committed_at=committed_at,
        ),
        package=PublishedPackage(
            release=release,
            name="shop",
            version=version,
            architecture="all",
            sha256="d",
            repository_url="http://x",
            distribution="stable",
            component="main",
            signing_key="k",
        ),
        schema=SchemaVersion(version=schema, before=0, seconds=1.0) if schema else None,
    )


def catalogue(*versions: str) -> None:
    """Enter releases into the catalogue, the oldest first."""
    for number, version in enumerate(versions):
        ReleaseCatalogue(artifact_store()).record(make_record(version, committed_at=number))


def on_record(
    image_id: str,
    release: Release | None,
    *,
    owner: str = "123456789012",
    name: str = "i",
    region: str = "eu-west-1",
    **tags: str,
) -> None:
    """Note an image as the bake does; ``deb_sha256`` becomes the tag ``slipway:deb-sha256``."""
    told = {f"slipway:{key.replace('_', '-')}": value for key, value in tags.items()}
    record = ImageRecord(image_id=image_id, name=name, owner=owner, region=region, tags=told)
    ImageRecords(artifact_store()).record(record, release)


def make_proposal(version: str, **more: Any) -> Proposal:
    """Build what is asked about a release of the shop, in the place of version 1."""
    record = make_record(version)
    fields: dict[str, Any] = {
        "name": f"plan-{version}",
        "dag_id": "shop.dev",
        "run_id": "manual__1",
        "environment": "dev",
        "release": record.checkout.release,
        "sha256": record.package.sha256,
        "replaces": "1",
        "made_at": 0,
        "started_by": "Bob",
        "lines": (f"release: {version}, in place of 1", f"1. launch shop-prod-{version}"),
    }
    return Proposal(**(fields | more))
